"""Writers of chat responses: events accumulated into one body, or written as chunks.

Both read the same events, so a body is the accumulation of its stream. Chunks are assembled from
bytes that are encoded once per call: nothing is serialised twice.

Source: POST /chat/completions; wire-level facts in docs/how-to/streaming.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

import orjson

from fondaco.domain.chat.events import (
    ChatEvent,
    EventBatch,
    Finish,
    FinishReason,
    Opaque,
    PromptEcho,
    Reasoning,
    Refusal,
    Text,
    TokenLogprob,
    ToolPart,
    UsageReported,
)
from fondaco.domain.money.usage import Usage
from fondaco.lossless_json import merged

_PLAIN_BODY = (
    b'{"id":"%b","object":"chat.completion","created":%d,"model":%b,"choices":[{"index":0,"finish_reason":"%b",'
    b'"logprobs":null,"message":{"role":"assistant","content":%b,"reasoning_content":null,"tool_calls":[]},'
    b'"stop_reason":"%b"}],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,'
    b'"prompt_tokens_details":{"cached_tokens":%d},"completion_tokens_details":{"reasoning_tokens":%d}},'
    b'"prompt_logprobs":null,"venice_parameters":%b}'
)
"""The body of a completion that is one text, as `Accumulator.body` writes any."""
_TEXT_END = b',"reasoning_content":null},"logprobs":null,"finish_reason":null}]}\n\n'


@dataclass(slots=True)
class _Choice:
    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    tool_calls: list[dict[str, object]] = field(default_factory=list)
    """Tool calls of the platform."""
    tools: dict[int, list[ToolPart]] = field(default_factory=dict)
    """Pieces of the model's tool calls, by index."""
    opaque: dict[str, list[str]] = field(default_factory=dict)
    """Name -> the pieces of an opaque field, as they arrived."""
    reason: FinishReason = "stop"

    refusals: list[str] = field(default_factory=list)

    def take(self, event: ToolPart | Opaque | Refusal) -> None:
        """Add an event that is not text."""
        match event:
            case ToolPart():
                self.tools.setdefault(event.index, []).append(event)
            case Refusal():
                self.refusals.append(event.text)
            case Opaque():
                for name, text in event.fields.items():
                    self.opaque.setdefault(name, []).append(text)

    @property
    def content(self) -> str | None:
        """The text; None where tool calls or a refusal stand in its place."""
        return "".join(self.texts) or (None if self.tools or self.refusals else "")


class Accumulator:
    """Accumulates the events of a call into one response body."""

    def __init__(self, choices: int, *, logprobs: bool) -> None:
        self._choices = [_Choice() for _ in range(choices)]
        self._logprobs = logprobs
        self._usage = Usage()

    def settle(self, usage: Usage) -> None:
        """Set the usage that the call is charged for."""
        self._usage = usage

    def attach(self, tool_call: dict[str, object]) -> None:
        """Add a tool call of the platform to the first choice."""
        self._choices[0].tool_calls.append(tool_call)

    def add(self, batch: EventBatch) -> None:
        """Add a batch of events."""
        for event in batch:
            match event:
                case Text():
                    choice = self._choices[event.choice]
                    choice.texts.append(event.text)
                    choice.logprobs.extend(event.logprobs or ())
                case Reasoning():
                    self._choices[event.choice].thoughts.append(event.text)
                case ToolPart() | Opaque() | Refusal():
                    self._choices[event.choice].take(event)
                case Finish():
                    self._choices[event.choice].reason = event.reason
                case PromptEcho() | UsageReported():
                    pass
                case _:
                    assert_never(event)

    def body(
        self,
        completion_id: str,
        created: int,
        model: str,
        echo: bytes | None,
        fingerprint: str | None = None,
    ) -> bytes:
        """Return the response body as JSON.

        Args:
            completion_id: the public id of the call.
            created: Unix seconds.
            model: the id of the model that ran.
            echo: the `venice_parameters` in effect, as JSON; None for APIs without them.
            fingerprint: of model, engine and version; None for APIs without it.
        """
        body: dict[str, object] = {
            "id": completion_id,
            "object": "chat.completion",
            "created": created,
            "model": model,
            "choices": [self._choice(index, completion_id) for index in range(len(self._choices))],
            "usage": usage_report(self._usage),
        }
        if echo is not None:
            body |= {"prompt_logprobs": None, "venice_parameters": orjson.Fragment(echo)}
        if fingerprint is not None:
            body["system_fingerprint"] = fingerprint
        return orjson.dumps(body)

    def _choice(self, index: int, completion_id: str) -> dict[str, object]:
        choice = self._choices[index]
        calls = [_tool_call(completion_id, parts) for parts in choice.tools.values()]
        return {
            "index": index,
            "finish_reason": choice.reason,
            "logprobs": _logprobs(choice.logprobs) if self._logprobs else None,
            "message": {
                "role": "assistant",
                "content": choice.content,
                "reasoning_content": "".join(choice.thoughts) or None,
                "tool_calls": choice.tool_calls + calls,
                **({"refusal": "".join(choice.refusals)} if choice.refusals else {}),
                **{name: orjson.Fragment(merged(p)) for name, p in choice.opaque.items()},
            },
            "stop_reason": choice.reason if choice.reason in {"stop", "length"} else None,
        }


def plain_body(  # noqa: PLR0917 - names would cost a dict for each call
    completion_id: str, created: int, model: str, batch: EventBatch, usage: Usage, echo: bytes
) -> bytes:
    """Return what `Accumulator.body` does, of a batch that is one finished text; empty for any other."""
    match batch:
        case (Text(0, text, _, None), Finish(0, "stop" | "length" as reason)):
            pass
        case (Text(0, text, _, None), Finish(0, "stop" | "length" as reason), UsageReported()):
            pass
        case _:
            return b""
    if usage.accepted_prediction_tokens or usage.rejected_prediction_tokens:
        return b""
    ended = reason.encode()
    return _PLAIN_BODY % (
        *(completion_id.encode(), created, orjson.dumps(model), ended, orjson.dumps(text), ended),
        *(usage.input_tokens, usage.output_tokens, usage.input_tokens + usage.output_tokens),
        *(usage.cached_input_tokens, usage.reasoning_tokens, echo),
    )


class Chunks:
    """Writes the events of a call as server-sent events."""

    def __init__(
        self, completion_id: str, created: int, model: str, fingerprint: str | None = None
    ) -> None:
        head = orjson.dumps(
            {
                "id": completion_id,
                "object": "chat.completion.chunk",
                "created": created,
                "model": model,
                **({} if fingerprint is None else {"system_fingerprint": fingerprint}),
            }
        )
        self._head = b"data: " + head[:-1] + b',"choices":['
        self._id = completion_id
        self._own_calls = 0
        """Number of the platform's tool calls, all in choice 0; the model's come after them."""
        self._opened: dict[int, bytes] = {}
        """Choice -> the bytes before its next piece of text."""

    def open(self, echo: bytes | None, tool_call: dict[str, object] | None) -> bytes:
        """Return the first event of a stream, with `venice_parameters` as JSON and a tool call of the platform.

        Either may be None.
        """
        delta = b'"content":"",'
        if tool_call is not None:
            delta += b'"tool_calls":[%b],' % orjson.dumps({"index": 0, **tool_call})
            self._own_calls = 1
        first = self._delta(0, delta)
        if echo is None:
            return first
        return b'%b,"venice_parameters":%b}\n\n' % (first.removesuffix(b"}\n\n"), echo)

    def write(self, batch: EventBatch) -> bytes:
        """Return the events of a batch; empty if none of it is shown."""
        if len(batch) == 1:
            return self._event(batch[0])
        return b"".join([self._event(event) for event in batch])

    def usage(self, usage: Usage) -> bytes:
        """Return the chunk that reports usage."""
        return b'%b],"usage":%b}\n\n' % (self._head, orjson.dumps(usage_report(usage)))

    def _event(self, event: ChatEvent) -> bytes:
        match event:
            case Text():
                opening = self._opened.get(event.choice)
                if opening is not None and event.logprobs is None:
                    return opening + orjson.dumps(event.text) + _TEXT_END
                logprobs = b"null"
                if event.logprobs is not None:
                    logprobs = orjson.dumps(_logprobs(event.logprobs))
                content = b'"content":%b,' % orjson.dumps(event.text)
                return self._delta(event.choice, content, logprobs=logprobs)
            case Reasoning():
                return self._delta(event.choice, b"", reasoning=orjson.dumps(event.text))
            case ToolPart() | Opaque() | Refusal():
                return self._delta(event.choice, self._fields(event))
            case Finish():
                silent = event.choice not in self._opened
                return (
                    b'%b%b{"index":%d,"delta":{"reasoning_content":null},"logprobs":null,"finish_reason":"%b"}]}\n\n'
                    % (
                        self._delta(event.choice, b'"content":"",') if silent else b"",
                        self._head,
                        event.choice,
                        event.reason.encode(),
                    )
                )
            case PromptEcho() | UsageReported():
                return b""
            case _:
                assert_never(event)

    def _fields(self, event: ToolPart | Opaque | Refusal) -> bytes:
        """Return the fields of a delta that is not text."""
        if isinstance(event, Refusal):
            return b'"refusal":%b,' % orjson.dumps(event.text)
        if isinstance(event, Opaque):
            fields = event.fields.items()
            return b"".join([b'"%b":%b,' % (name.encode(), text.encode()) for name, text in fields])
        return self._tool_calls(event)

    def _tool_calls(self, part: ToolPart) -> bytes:
        wire: dict[str, object] = {"index": part.index + (0 if part.choice else self._own_calls)}
        if part.name:
            wire |= _tool_call(self._id, [part])
        else:
            wire["function"] = {"arguments": part.arguments}
            wire |= _opaque([part])
        return b'"tool_calls":[%b],' % orjson.dumps(wire)

    def _delta(
        self, choice: int, content: bytes, *, reasoning: bytes = b"null", logprobs: bytes = b"null"
    ) -> bytes:
        """Return the event of one delta; `reasoning_content` is always there: clients read it unchecked."""
        role = b""
        if choice not in self._opened:
            self._opened[choice] = b'%b{"index":%d,"delta":{"content":' % (self._head, choice)
            role = b'"role":"assistant",'
        event = b'%b{"index":%d,"delta":{%b%b"reasoning_content":%b},"logprobs":%b,"finish_reason":null}]}\n\n'
        return event % (self._head, choice, role, content, reasoning, logprobs)


def tool_call_id(call_id: str, first: ToolPart) -> str:
    """Return the id of a tool call: one of ours where its engine gave none.

    It has at most 40 characters: OpenAI's API refuses longer ones.

    Args:
        call_id: the id of the platform's call, or one that ends with it.
        first: the first piece of the tool call.
    """
    return first.id or f"call_{call_id[-24:]}_{first.choice}_{first.index}"


def _tool_call(completion_id: str, parts: Sequence[ToolPart]) -> dict[str, object]:
    """Return a function call."""
    first = parts[0]
    arguments = "".join(part.arguments for part in parts)
    return {
        "id": tool_call_id(completion_id, first),
        "type": "function",
        "function": {"name": first.name, "arguments": arguments},
        **_opaque(parts),
    }


def _opaque(parts: Sequence[ToolPart]) -> dict[str, object]:
    """Return the opaque fields of a call, as they arrived."""
    return {
        name: orjson.Fragment(text)
        for part in parts
        if part.opaque is not None
        for name, text in part.opaque.items()
    }


def usage_report(usage: Usage) -> dict[str, object]:
    """Return usage in the shape of the API."""
    output = {"reasoning_tokens": usage.reasoning_tokens}
    if usage.accepted_prediction_tokens or usage.rejected_prediction_tokens:
        output["accepted_prediction_tokens"] = usage.accepted_prediction_tokens
        output["rejected_prediction_tokens"] = usage.rejected_prediction_tokens
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
        "completion_tokens_details": output,
    }


def _logprobs(tokens: "list[TokenLogprob] | tuple[TokenLogprob, ...]") -> dict[str, object]:
    return {
        "content": [
            {**_token(token), "top_logprobs": [_token(t) for t in token.top]} for token in tokens
        ]
    }


def _token(token: TokenLogprob) -> dict[str, object]:
    return {"token": token.token, "logprob": token.logprob, "bytes": token.bytes}
