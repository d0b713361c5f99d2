"""The replies of POST /v4/beta/chat/completions, as OpenAPI shows them and tests check them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fondaco.http.apis.openai.chat.response_schemas import Choice, ChunkChoice, UsageReport

_FINGERPRINT = "Another one where another model, engine or version answers."


class ScaleCompletion(BaseModel):
    """A whole reply."""

    model_config = ConfigDict(extra="forbid")

    id: str
    object: Literal["chat.completion"]
    created: int = Field(description="Unix seconds.")
    model: str = Field(description="The id of the model that ran.")
    system_fingerprint: str = Field(description=_FINGERPRINT)
    choices: list[Choice]
    usage: UsageReport


class ScaleChunk(BaseModel):
    """One event of a streamed reply."""

    model_config = ConfigDict(extra="forbid")

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    system_fingerprint: str = Field(description=_FINGERPRINT)
    choices: list[ChunkChoice]
    usage: UsageReport | None = None
