"""Audio: speech files and transcripts of recordings.

Source: POST /audio/speech, /audio/transcriptions, /audio/translations.
"""

import os
from pathlib import Path
from typing import IO, Literal, TypeAlias

from pydantic import Field

from venice_ai.types._wire import Reply, Wire

__all__ = [
    "DurationUsage",
    "RecordingSource",
    "SpeechFile",
    "SpeechFormat",
    "SubtitleFormat",
    "Subtitles",
    "Transcript",
    "TranscriptEvent",
    "TranscriptSegment",
    "TranscriptWord",
]

RecordingSource: TypeAlias = bytes | os.PathLike[str] | IO[bytes]
"""A recording: the bytes of a file, its path (not as text), or the file itself, opened in mode `rb`."""
SubtitleFormat: TypeAlias = Literal["srt", "vtt"]
SpeechFormat: TypeAlias = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]


class SpeechFile(Reply):
    """A text read aloud."""

    content: bytes = Field(repr=False)
    """The file."""
    media_type: str
    """Such as `audio/mpeg`."""

    @property
    def voice(self) -> str | None:
        """The voice that speaks: a different one from the requested one, where the server lacks that."""
        return self.meta.headers.get("x-fondaco-voice")

    def save(self, path: str | Path) -> Path:
        """Write the file, and return where it is."""
        Path(path).write_bytes(self.content)
        return Path(path)


class DurationUsage(Wire):
    """Usage that is charged: the recording's duration."""

    type: str
    seconds: float
    """Of the recording, rounded up."""


class TranscriptWord(Wire):
    """A word, with its times in seconds."""

    word: str
    start: float
    end: float


class TranscriptSegment(Wire):
    """A sentence or a part of one, with its times in seconds."""

    id: int
    text: str
    start: float
    end: float
    avg_logprob: float | None = None
    no_speech_prob: float | None = None


class Transcript(Reply):
    """Transcript of a recording."""

    text: str
    usage: DurationUsage | None = None
    language: str | None = None
    """Its English name, if timestamps were requested."""
    duration: float | None = None
    """Length of the recording in seconds, if timestamps were requested."""
    segments: list[TranscriptSegment] | None = None
    words: list[TranscriptWord] | None = None


class TranscriptEvent(Wire):
    """An event of a stream: `transcript.text.delta` has a `delta`, `transcript.text.done` the whole `text`."""

    type: str = ""
    delta: str | None = None
    text: str | None = None
    usage: DurationUsage | None = None


class Subtitles(Reply):
    """Transcript of a recording as subtitles."""

    text: str
    """The file."""

    def save(self, path: str | Path) -> Path:
        """Write the file, and return where it is."""
        Path(path).write_text(self.text, encoding="utf-8")
        return Path(path)
