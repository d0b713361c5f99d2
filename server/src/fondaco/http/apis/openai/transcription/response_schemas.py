"""Transcripts as JSON, and the events of a stream of one.

Source: OpenAI's API reference, "The transcription object", "Stream Event (transcript.text.delta)".
"""

from typing import Literal

from pydantic import Field

from fondaco.http.endpoint.fields import Schema


class DurationUsage(Schema):
    """Usage that is charged: the recording's duration."""

    type: Literal["duration"]
    seconds: int = Field(description="Of the recording, rounded up.")


class TranscriptWord(Schema):
    """A word."""

    word: str
    start: float = Field(description="Seconds from the start of the recording.")
    end: float


class TranscriptSegment(Schema):
    """A sentence, or a part of one."""

    id: int
    seek: int = Field(description="Where it starts, in hundredths of a second.")
    start: float = Field(description="Seconds from the start of the recording.")
    end: float
    text: str
    tokens: list[int] = Field(description="As the model numbers them; empty: not told.")
    temperature: float
    avg_logprob: float = Field(description="The mean log probability of its tokens.")
    compression_ratio: float
    no_speech_prob: float


class Transcript(Schema):
    """A transcript. All but `text` and `usage` only where `verbose_json` or `timestamps` asks for it."""

    text: str
    usage: DurationUsage
    task: Literal["transcribe", "translate"] | None = Field(None, description="`verbose_json`.")
    language: str | None = Field(
        None, description="`verbose_json`: its English name; `unknown` where nobody speaks."
    )
    duration: float | None = Field(None, description="Of the recording, in seconds.")
    segments: list[TranscriptSegment] | None = None
    words: list[TranscriptWord] | None = None


class TranscriptEvent(Schema):
    """An event of a stream: `transcript.text.delta` has a `delta`, `transcript.text.done` the rest."""

    type: Literal["transcript.text.delta", "transcript.text.done"]
    delta: str | None = None
    text: str | None = Field(None, description="The whole transcript.")
    usage: DurationUsage | None = None
