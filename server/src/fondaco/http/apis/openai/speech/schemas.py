"""The request of POST /audio/speech, and the events of its stream.

Source: POST /audio/speech, `CreateSpeechRequestSchema`; OpenAI's API reference, "Create speech".
"""

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from fondaco.domain.media.speech import (
    FASTEST,
    MOST_CHARACTERS,
    SLOWEST,
    SpeechFormat,
    SpeechRequest,
)
from fondaco.domain.media.voices import DEFAULT_VOICE
from fondaco.http.endpoint.fields import Schema, Strict

_EXAMPLE: JsonDict = {"input": "Hello, welcome to Venice Voice.", "voice": DEFAULT_VOICE}


class CreateSpeechRequest(Strict):
    """A text to read aloud."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    input: str = Field(
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="The text. Tags of SSML and HTML, and the marks of Markdown, are not read.",
        examples=["Hello, this is a test of the text to speech system."],
    )
    model: str = Field(
        "default",
        min_length=1,
        max_length=1000,
        description="Id, trait or compatible name of a model of type `tts`.",
        examples=["tts-kokoro"],
    )
    voice: str = Field(
        DEFAULT_VOICE,
        max_length=100,
        description="One of the 54 documented voices, such as `af_sky`, of OpenAI's, such as `alloy`, or of "
        "the model's own, which GET /api/v1/models?type=tts lists. One that the model lacks is replaced by "
        "its nearest of that language, which `x-fondaco-voice` names.",
        examples=["af_sky"],
    )
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = Field(
        "mp3",
        description="Of the sound: 24,000 samples a second, mono. `opus` comes in Ogg, `aac` as ADTS; `pcm` "
        "is samples alone, 16 bits each, signed, little-endian.",
    )
    speed: float = Field(
        1.0,
        ge=SLOWEST,
        le=FASTEST,
        allow_inf_nan=False,
        description="By how much the speech is faster; the pitch stays.",
    )
    streaming: bool | None = Field(
        None,
        description="Whether the sound is sent sentence by sentence, while it is made, or as one complete "
        "file; absent: a complete file below `/api/v1`, and sent while it is made below `/v1`, as OpenAI's "
        "API does.",
        examples=[False],
    )
    instructions: str | None = Field(
        None,
        max_length=MOST_CHARACTERS,
        description="How to speak, for models that heed it; others ignore it.",
    )
    stream_format: Literal["audio", "sse"] | None = Field(
        None,
        description="Sends the sound while it is made: as a file (`audio`), or in server-sent events (`sse`).",
    )

    def streams(self, *, usually: bool) -> bool:
        """Whether the sound is sent while it is made; `usually`, where the request does not say."""
        if self.stream_format is not None:
            return True
        return usually if self.streaming is None else self.streaming

    def to_domain(self, *, stream: bool) -> SpeechRequest:
        """Return the request that the platform serves."""
        return SpeechRequest(
            model=self.model,
            text=self.input,
            voice=self.voice,
            format=SpeechFormat(self.response_format),
            speed=self.speed,
            instructions=self.instructions or "",
            stream=stream,
        )


class _Shown(Schema):
    model_config = ConfigDict(extra="forbid")


class SpeechUsage(_Shown):
    """Usage of a text."""

    input_tokens: int = Field(
        description="The characters that were spoken: they are what is charged."
    )
    output_tokens: int = Field(description="0: sound is not counted.")
    total_tokens: int = Field(description="As `input_tokens`.")


class SpeechStreamEvent(_Shown):
    """An event of a stream of server-sent events."""

    type: Literal["speech.audio.delta", "speech.audio.done"]
    audio: str | None = Field(None, description="Of a delta: a piece of the file, as base64.")
    usage: SpeechUsage | None = Field(None, description="Of the last event: what the text counted.")
