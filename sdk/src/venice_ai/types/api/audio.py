"""Speech: the file of a text that was read aloud.

Source: POST /audio/speech.
"""

from pathlib import Path
from typing import Literal, TypeAlias

from venice_ai.types._wire import Reply

__all__ = ["SpeechFile", "SpeechFormat"]

SpeechFormat: TypeAlias = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]


class SpeechFile(Reply):
    """A text read aloud."""

    content: bytes
    """The file."""
    media_type: str
    """Such as `audio/mpeg`."""

    @property
    def voice(self) -> str | None:
        """The voice that speaks: another one than was asked for, where the server lacks that."""
        return self.meta.headers.get("x-fondaco-voice")

    def save(self, path: str | Path) -> Path:
        """Write the file, and return where it is."""
        Path(path).write_bytes(self.content)
        return Path(path)
