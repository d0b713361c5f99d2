"""The responses of POST /v4/beta/chat/completions, for OpenAPI and for tests."""

from typing import Literal

from pydantic import ConfigDict, Field

from fondaco.http.apis.openai.chat.response_schemas import Choice, ChunkChoice, UsageReport
from fondaco.http.endpoint.fields import Schema

_FINGERPRINT = "Changes with the model, the engine and the version of the server."


class ScaleCompletion(Schema):
    """A response that is not streamed."""

    model_config = ConfigDict(extra="forbid")

    id: str
    object: Literal["chat.completion"]
    created: int = Field(description="Time of the request, in Unix seconds.")
    model: str = Field(description="Id of the model that ran.")
    system_fingerprint: str = Field(description=_FINGERPRINT)
    choices: list[Choice]
    usage: UsageReport


class ScaleChunk(Schema):
    """One event of a streamed response."""

    model_config = ConfigDict(extra="forbid")

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    system_fingerprint: str = Field(description=_FINGERPRINT)
    choices: list[ChunkChoice]
    usage: UsageReport | None = None
