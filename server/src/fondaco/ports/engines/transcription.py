"""The ports of transcription engines, and of the reader of recordings."""

from collections.abc import AsyncGenerator
from typing import Protocol

from fondaco.domain.media.sound import Sound
from fondaco.domain.media.transcription import TranscriptionTask, TranscriptPart


class TranscriptionEngine(Protocol):
    """Transcribes sound.

    Every method raises only errors of `domain.errors`: `EngineError` and `FieldNotTakenError` where
    another engine may still serve the call, `InvalidRequestError` where the request itself is at fault.
    """

    @property
    def name(self) -> str:
        """The engine's name in the configuration; shown as `x-venice-model-router`."""
        ...

    def transcribe(self, task: TranscriptionTask) -> AsyncGenerator[TranscriptPart]:
        """Yield the transcript as it is made, in the order of the sound; closing the generator stops it.

        There is at least one part. `heard_s` never decreases, and is the length of the sound in the last
        one; no segment ends after it. Sound in which there is no speech has no segments.

        Raises:
            EngineError: the engine failed, or returned nothing that can be a transcript.
        """
        ...

    async def probe(self) -> None:
        """Show that the engine can answer.

        Raises:
            EngineError: it cannot.
        """
        ...


class SoundReader(Protocol):
    """Reads the files of recordings, away from this process: decoders are what hostile files attack."""

    def expect_installed(self) -> None:
        """Return if recordings can be read.

        Raises:
            EngineUnavailableError: a package is missing; the message names the command that installs it.
        """
        ...

    async def decode(self, file: bytes, most_s: float) -> Sound:
        """Return the first audio track of a caller's file, as one channel.

        Nothing but its samples is taken over: no metadata, picture or further track.

        Args:
            file: the file; what its name or its type say counts for nothing.
            most_s: the longest sound that is taken, in seconds.

        Raises:
            InvalidAudioFormatError: it is of no format that is read here, or has no sound.
            CorruptedAudioError: it is damaged.
            AudioTooLongError: it is longer.
            EngineError: the process that reads files is unavailable.
        """
        ...
