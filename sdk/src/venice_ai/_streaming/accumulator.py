"""The accumulator: chunks of a stream as one response."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from venice_ai.types._wire import Wire
from venice_ai.types.api.chat import ChatCompletionResponse, Choice, Logprobs
from venice_ai.types.api.messages import AssistantMessage, FunctionCall, ToolCall

if TYPE_CHECKING:
    from venice_ai.types.api.streaming import ChatCompletionChunk, ChunkChoice, ToolCallDelta


def folded(chunks: "Iterable[ChatCompletionChunk]") -> ChatCompletionResponse:
    """Return the accumulation of chunks."""
    reply = ChatCompletionResponse()
    answers: dict[int, _Answer] = {}
    for chunk in chunks:
        reply.id, reply.model = reply.id or chunk.id, reply.model or chunk.model
        reply.created = reply.created or chunk.created
        reply.usage = chunk.usage or reply.usage
        reply.venice_parameters = chunk.venice_parameters or reply.venice_parameters
        _keep(reply, chunk)
        for choice in chunk.choices:
            answers.setdefault(choice.index, _Answer(choice.index)).add(choice)
    reply.choices = [answers[index].choice() for index in sorted(answers)]
    return reply


class _Answer:
    """One choice, accumulated from its chunks."""

    def __init__(self, index: int) -> None:
        self._choice = Choice(index=index)
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, ToolCall] = {}
        self._audio: list[Mapping[str, Any]] = []

    def add(self, more: "ChunkChoice") -> None:
        delta = more.delta
        self._choice.finish_reason = more.finish_reason or self._choice.finish_reason
        if delta.content:
            self._text.append(delta.content)
        if delta.reasoning_content:
            self._reasoning.append(delta.reasoning_content)
        for call in delta.tool_calls or ():
            self._call(call)
        if more.logprobs is not None:
            so_far = self._choice.logprobs or Logprobs(content=[])
            so_far.content = (so_far.content or []) + (more.logprobs.content or [])
            self._choice.logprobs = so_far
        _keep(self._choice, more)
        _keep(self._choice.message, delta)
        if audio := (delta.__pydantic_extra__ or {}).get("audio"):
            self._audio.append(audio)

    def _call(self, more: "ToolCallDelta") -> None:
        call = self._calls.setdefault(more.index, ToolCall(function=FunctionCall()))
        call.id, call.type = call.id or more.id or "", more.type or call.type
        if more.function is not None:
            call.function.name += more.function.name or ""
            call.function.arguments += more.function.arguments or ""

    def choice(self) -> Choice:
        """Return the complete choice."""
        message: AssistantMessage = self._choice.message
        called = [self._calls[index] for index in sorted(self._calls)]
        message.content = "".join(self._text) or (None if called else "")
        message.reasoning_content = "".join(self._reasoning) or None
        message.tool_calls = called or None
        if self._audio and message.__pydantic_extra__ is not None:
            message.__pydantic_extra__["audio"] = _joined(self._audio)
        return self._choice


def _joined(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a reply that was read aloud as one: each piece of its file is base64 of its own."""
    file = b"".join(base64.b64decode(part.get("data") or "") for part in parts)
    transcript = "".join(part.get("transcript") or "" for part in parts)
    told = {name: value for part in parts for name, value in part.items()}
    return {**told, "data": base64.b64encode(file).decode(), "transcript": transcript}


def _keep(accumulated: Wire, delta: Wire) -> None:
    """Keep fields that this version does not know: of each the last that says something."""
    for name, value in (delta.__pydantic_extra__ or {}).items():
        if value is not None:
            setattr(accumulated, name, value)
