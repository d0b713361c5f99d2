"""Speech: requests, the tasks that engines get of them, and the sound that these return.

Source: POST /audio/speech; OpenAI's API reference, "Create speech".
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fondaco.domain.media.voices import DEFAULT_VOICE

MOST_CHARACTERS: Final = 4_096
"""The longest text of a request. Source: POST /audio/speech, `input`."""
SLOWEST, FASTEST = 0.25, 4.0
"""The bounds of `speed`."""
SAMPLE_BYTES: Final = 2
"""Of a sample of PCM."""


class SpeechFormat(StrEnum):
    """The format of a response. Source: POST /audio/speech, `response_format`."""

    MP3 = "mp3"
    OPUS = "opus"
    """In an Ogg container."""
    AAC = "aac"
    """As ADTS frames."""
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"
    """Samples alone: 24,000 a second, 16 bits each, signed, little-endian, mono."""

    @property
    def media_type(self) -> str:
        """The media type of a response in this format."""
        return "audio/mpeg" if self is SpeechFormat.MP3 else f"audio/{self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRequest:
    """A request to read a text aloud."""

    model: str
    """Any name that routes to a speech model."""
    text: str
    """Of 1 to `MOST_CHARACTERS` characters."""
    voice: str = DEFAULT_VOICE
    """A documented voice, one of OpenAI's, or one of the model's own."""
    format: SpeechFormat = SpeechFormat.MP3
    speed: float = 1.0
    """From `SLOWEST` to `FASTEST`; 2 takes half the time."""
    instructions: str = ""
    """Instructions on how to speak, for models that follow them."""
    stream: bool = False
    """Whether the audio is streamed; otherwise it is one file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechTask:
    """One text to speak, with all that its engine needs to know; the tempo is changed elsewhere."""

    model: str
    """The catalogue's id of the model."""
    text: str
    voice: str
    """One of the model's own."""
    instructions: str = ""
    """Instructions on how to speak; empty for models that follow none."""
    account_scope: str = ""
    """Tasks of different scopes (accounts) take turns at an engine that computes here."""


@dataclass(frozen=True, slots=True)
class SpokenPiece:
    """A stretch of speech, mostly one sentence, as PCM: 16 bits a sample, signed, little-endian, mono."""

    pcm: bytes
    rate: int
    """Samples a second; the same for all pieces of a task."""
    characters: int
    """Of the task's text that it speaks, the space around them included: what is charged for it."""

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.pcm) / (SAMPLE_BYTES * self.rate)
