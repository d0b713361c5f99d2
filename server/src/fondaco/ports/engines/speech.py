"""The ports of speech engines, and of their sound encoder."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from fondaco.domain.media.speech import SpeechFormat, SpeechTask, SpokenPiece


class SpeechEngine(Protocol):
    """Runs a speech model.

    Every method raises only errors of `domain.errors`: `EngineError` and `FieldNotTakenError` where
    another engine may still serve the call, `InvalidRequestError` where the request itself is at fault.
    """

    @property
    def name(self) -> str:
        """The engine's name in the configuration; shown as `x-venice-model-router`."""
        ...

    def speak(self, task: SpeechTask) -> AsyncGenerator[SpokenPiece]:
        """Yield the speech in pieces as they are made; closing the generator stops the work.

        The characters of all pieces are those of the text. A piece may be without sound: where a
        sentence has nothing to read.

        Raises:
            NothingToReadError: nothing of the text can be read aloud; before the first piece.
            EngineBusyError: too many texts wait already; before the first piece.
            EngineError: the engine failed.
        """
        ...

    async def probe(self) -> None:
        """Show that the engine can answer.

        Raises:
            EngineError: it cannot.
        """
        ...


class SoundEncoder(Protocol):
    """Encodes the sound of one response, piece by piece."""

    async def encode(self, piece: SpokenPiece) -> bytes:
        """Return the bytes of the file that a further piece completes; may be empty.

        Raises:
            EngineError: it cannot be encoded, or its rate is not that of the pieces before it.
        """
        ...

    async def finish(self) -> bytes:
        """Return the rest of the file.

        Raises:
            EngineError: it cannot be encoded.
        """
        ...


class SoundCodec(Protocol):
    """Writes sound files, away from this process."""

    def expect_installed(self) -> None:
        """Return if sound can be encoded.

        Raises:
            EngineUnavailableError: a package is missing; the message names the command that installs it.
        """
        ...

    def encoder(
        self,
        speech_format: SpeechFormat,
        *,
        speed: float = 1.0,
        whole: bool = False,
        account_id: int | None = None,
    ) -> AbstractAsyncContextManager[SoundEncoder]:
        """Return the encoder of one file, as a context.

        Args:
            speech_format: of the file; its sound has 24,000 samples a second.
            speed: factor from 0.25 to 4, without a change of pitch.
            whole: whether the file is complete before it is delivered: its header then tells how long
                it is, and nothing comes before the end.
            account_id: that has it made; one account has some of the files that may be in the making.
        """
        ...
