"""Chunks of streamed chat completions."""

from typing import TYPE_CHECKING, Protocol, TypeVar

from pydantic import Field

from venice_ai.types._wire import Wire
from venice_ai.types.api.chat import FinishReason, Logprobs, Usage, VeniceParametersReply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2

    from venice_ai.metadata import ResponseMetadata

__all__ = [
    "ChatCompletionChunk",
    "ChoiceDelta",
    "ChunkChoice",
    "ChunkModelFactory",
    "FunctionDelta",
    "ToolCallDelta",
]


class FunctionDelta(Wire):
    """More of a function call."""

    name: str | None = None
    arguments: str | None = None


class ToolCallDelta(Wire):
    """More of a tool call; those of the same index belong together."""

    index: int = 0
    id: str | None = None
    type: str | None = None
    function: FunctionDelta | None = None


class ChoiceDelta(Wire):
    """Addition of one chunk to an answer."""

    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCallDelta] | None = None


class ChunkChoice(Wire):
    """More of one of the answers."""

    index: int = 0
    delta: ChoiceDelta = Field(default_factory=ChoiceDelta)
    finish_reason: FinishReason | None = None
    logprobs: Logprobs | None = None


class ChatCompletionChunk(Wire):
    """A piece of a streamed reply; the last may tell the usage alone, with no choices."""

    id: str = ""
    object: str = "chat.completion.chunk"
    created: int = 0
    model: str = ""
    choices: list[ChunkChoice] = Field(default_factory=list)
    usage: Usage | None = None
    venice_parameters: VeniceParametersReply | None = None


T_co = TypeVar("T_co", covariant=True)


class ChunkModelFactory(Protocol[T_co]):
    """A class of streams, for `stream_cls`: constructed from a reply, it yields chunks.

    The response is to be closed in the end; `venice_ai.streaming.Stream` is a class to build on.
    """

    def __init__(
        self, response: "httpx2.Response", chunk: "type[T_co]", meta: "ResponseMetadata"
    ) -> None: ...

    def __aiter__(self) -> "AsyncIterator[T_co]":
        """Yield the chunks."""
        ...
