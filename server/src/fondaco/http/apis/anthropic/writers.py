"""Writers of messages: events accumulated into one body, or written as a stream of named events.

Events of a stream are assembled from bytes that are encoded once per block.

Source: Anthropic's API reference, "Create a message" and "Streaming messages".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never

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
    ToolPart,
    UsageReported,
)
from fondaco.domain.chat.opaque import ANSWERED, RawJson
from fondaco.domain.money.usage import Usage
from fondaco.domain.web import RetrievedContext
from fondaco.http.apis.anthropic.sealed_fields import sealed
from fondaco.http.apis.anthropic.thinking_pieces import RedactedPiece, ThinkingPiece, pieces_of
from fondaco.lossless_json import merged

Json: TypeAlias = dict[str, object]
_THINKING = "thinking_blocks"
_STOP_REASONS: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


@dataclass(slots=True)
class _Ending:
    """Why a message ended, and the opaque fields that came with it."""

    message_id: str
    reason: FinishReason = "stop"
    stop_sequence: str | None = None
    refused: bool = False
    calls: list[str] = field(default_factory=list)
    """Ids of the tool calls."""
    opaque: dict[str, list[str]] = field(default_factory=dict)
    """Name -> the pieces of a field, as they came."""
    opaque_calls: dict[str, RawJson] = field(default_factory=dict)

    def finish(self, event: Finish) -> None:
        """Take the end of the answer."""
        self.reason, self.stop_sequence = event.reason, event.stop_sequence

    def keep(self, fields: RawJson) -> None:
        """Keep opaque fields for the end."""
        for name in ANSWERED & fields.keys() - {_THINKING}:
            self.opaque.setdefault(name, []).append(fields[name])

    def id_of(self, part: ToolPart) -> str:
        """Return the id of a call: its engine's, which knows it by that; else one of this message's id."""
        return part.id or f"toolu_{self.message_id[-24:]}_{part.index}"

    def keep_of_call(self, call_id: str, fields: RawJson | None) -> None:
        """Keep opaque fields of a tool call for the end."""
        if fields is not None:
            self.opaque_calls[call_id] = {**self.opaque_calls.get(call_id, {}), **fields}

    def begin(self, part: ToolPart) -> str:
        """Note a call, and return its id."""
        self.calls.append(self.id_of(part))
        return self.calls[-1]

    @property
    def sealed(self) -> str | None:
        """The data of a last block, with what the engine wants back; None: there is nothing."""
        if not (self.opaque or self.opaque_calls):
            return None
        fields = {name: merged(pieces) for name, pieces in self.opaque.items()}
        return sealed(fields, self.opaque_calls)

    @property
    def delta(self) -> Json:
        """The stop reason, and the stop sequence where one ended the message."""
        reason = _STOP_REASONS[self.reason]
        if self.reason == "stop":
            if self.refused:
                reason = "refusal"
            elif self.calls:
                reason = "tool_use"
            elif self.stop_sequence is not None:
                reason = "stop_sequence"
        shown = self.stop_sequence if reason == "stop_sequence" else None
        return {"stop_reason": reason, "stop_sequence": shown}


@dataclass(slots=True)
class _Block:
    """A content block that grows."""

    fields: Json
    grows: Literal["text", "thinking", "input"]
    pieces: list[str] = field(default_factory=list)

    @property
    def written(self) -> Json:
        """The block as the API shows it."""
        text = "".join(self.pieces)
        if self.grows != "input":
            return {**self.fields, self.grows: text}
        return {**self.fields, "input": _input(text)}


class MessageAccumulator:
    """Accumulates the events of a call into one message."""

    def __init__(self, message_id: str) -> None:
        self._id = message_id
        self._blocks: list[_Block | Json] = []
        self._calls: dict[int, _Block] = {}
        self._ending = _Ending(message_id)
        self._reasoned = False

    def add(self, batch: EventBatch) -> None:
        """Add a batch of events."""
        for event in batch:
            self._add(event)

    def body(self, model: str, usage: Usage, web: RetrievedContext | None) -> bytes:
        """Return the message as JSON.

        Args:
            model: the id of the model that ran.
            usage: what the call is charged for.
            web: what was searched for the call.
        """
        blocks = [one.written if isinstance(one, _Block) else one for one in self._blocks]
        if (data := self._ending.sealed) is not None:
            blocks.append({"type": "redacted_thinking", "data": data})
        message = _message(self._id, model, [*search_blocks(self._id, web), *blocks])
        return orjson.dumps(message | self._ending.delta | {"usage": usage_report(usage)})

    def _add(self, event: ChatEvent) -> None:
        match event:
            case Text():
                self._grow("text", event.text)
            case Refusal():
                self._ending.refused = True
                self._grow("text", event.text)
            case Reasoning():
                self._reasoned = True
                self._grow("thinking", event.text)
            case ToolPart():
                self._call(event)
            case Opaque():
                self._take(event)
            case Finish():
                self._ending.finish(event)
            case UsageReported() | PromptEcho():
                pass
            case _:
                assert_never(event)

    def _grow(self, kind: Literal["text", "thinking"], text: str) -> _Block:
        last = self._blocks[-1] if self._blocks else None
        if not isinstance(last, _Block) or last.grows != kind or _is_signed(last):
            last = _Block(_opened(kind), kind)
            self._blocks.append(last)
        last.pieces.append(text)
        return last

    def _call(self, part: ToolPart) -> None:
        block = self._calls.get(part.index)
        if block is None:
            block = _Block(_tool_use(self._ending.begin(part), part.name), "input")
            self._calls[part.index] = block
            self._blocks.append(block)
        block.pieces.append(part.arguments)
        self._ending.keep_of_call(str(block.fields["id"]), part.opaque)

    def _take(self, event: Opaque) -> None:
        self._ending.keep(event.fields)
        for piece in pieces_of(event.fields.get(_THINKING)):
            if isinstance(piece, RedactedPiece):
                self._blocks.append({"type": "redacted_thinking", "data": piece.data})
                continue
            if piece.text and not self._reasoned:
                self._grow("thinking", piece.text)
            if piece.signature:
                self._grow("thinking", "").fields["signature"] = piece.signature


_START = b'event: content_block_start\ndata: {"type":"content_block_start","index":%d,"content_block":%b}\n\n'
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
_STOP = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
_DELTA_END = b"}}\n\n"
_MESSAGE_END = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


@dataclass(slots=True)
class _Call:
    """A tool call in a stream."""

    index: int
    """Of its block."""
    id: str
    pieces: list[str] = field(default_factory=list)
    open: bool = True

    @property
    def complete(self) -> bool:
        """Whether its input is all there."""
        try:
            orjson.loads("".join(self.pieces))
        except orjson.JSONDecodeError:
            return False
        return True


class MessageEvents:
    """Writes the events of a call as server-sent events."""

    error = None
    """Errors are written by the dialect."""

    def __init__(self, message_id: str, model: str) -> None:
        self._id = message_id
        self._model = model
        self._blocks = 0
        """How many have begun."""
        self._kind: Literal["text", "thinking", "tool", ""] = ""
        """Of the latest block, while it is open."""
        self._opening = b""
        """The bytes before the next piece of text in it."""
        self._calls: dict[int, _Call] = {}
        """The tool calls, by their index among them."""
        self._ending = _Ending(message_id)
        self._reasoned = False

    def start(self, input_tokens: int, web: RetrievedContext | None) -> bytes:
        """Return the first events: the message, and the blocks of a web search where one was made."""
        usage = usage_report(Usage(input_tokens=input_tokens))
        ending: Json = {"stop_reason": None, "stop_sequence": None, "usage": usage}
        message = _message(self._id, self._model, []) | ending
        events = [_event("message_start", {"message": message})]
        for block in search_blocks(self._id, web):
            events += self._whole_block(block)
        return b"".join(events)

    def write(self, batch: EventBatch) -> bytes:
        """Return the events of a batch; empty where none of it is shown."""
        if len(batch) == 1 and self._kind == "text" and isinstance(event := batch[0], Text):
            return self._opening + orjson.dumps(event.text) + _DELTA_END
        return b"".join([part for event in batch for part in self._event(event)])

    def end(self, usage: Usage) -> bytes:
        """Return the last events, with what the call is charged for."""
        events = [*self._close()]
        if (data := self._ending.sealed) is not None:
            events += self._whole_block({"type": "redacted_thinking", "data": data})
        last: Json = {"delta": self._ending.delta, "usage": usage_report(usage)}
        return b"".join([*events, _event("message_delta", last), _MESSAGE_END])

    def _event(self, event: ChatEvent) -> Iterator[bytes]:
        match event:
            case Text():
                yield from self._grow("text", event.text)
            case Refusal():
                self._ending.refused = True
                yield from self._grow("text", event.text)
            case Reasoning():
                self._reasoned = True
                yield from self._grow("thinking", event.text)
            case ToolPart():
                yield from self._call(event)
            case Opaque():
                yield from self._take(event)
            case Finish():
                self._ending.finish(event)
            case UsageReported() | PromptEcho():
                pass
            case _:
                assert_never(event)

    def _grow(self, kind: Literal["text", "thinking"], text: str) -> Iterator[bytes]:
        if self._kind != kind:
            yield from self._close(finished_calls_alone=True)
            yield self._begin(kind, {**_opened(kind), kind: ""})
        if text:
            yield self._opening + orjson.dumps(text) + _DELTA_END

    def _call(self, part: ToolPart) -> Iterator[bytes]:
        call = self._calls.get(part.index)
        if call is None:
            yield from self._close(finished_calls_alone=True)
            call = _Call(self._blocks, self._ending.begin(part))
            self._calls[part.index] = call
            yield self._begin("tool", {**_tool_use(call.id, part.name), "input": {}})
        self._ending.keep_of_call(call.id, part.opaque)
        if part.arguments and call.open:
            call.pieces.append(part.arguments)
            opening = _DELTA % (call.index, b"input_json_delta", b"partial_json")
            yield opening + orjson.dumps(part.arguments) + _DELTA_END

    def _take(self, event: Opaque) -> Iterator[bytes]:
        self._ending.keep(event.fields)
        for piece in pieces_of(event.fields.get(_THINKING)):
            if isinstance(piece, RedactedPiece):
                yield from self._close(finished_calls_alone=True)
                yield from self._whole_block({"type": "redacted_thinking", "data": piece.data})
                continue
            if piece.text and not self._reasoned:
                yield from self._grow("thinking", piece.text)
            if piece.signature:
                yield from self._sign(piece)

    def _sign(self, piece: ThinkingPiece) -> Iterator[bytes]:
        """Yield the signature of a block of thinking, which ends with it."""
        yield from self._grow("thinking", "")
        opening = _DELTA % (self._blocks - 1, b"signature_delta", b"signature")
        yield opening + orjson.dumps(piece.signature) + _DELTA_END
        yield from self._close(finished_calls_alone=True)

    def _begin(self, kind: Literal["text", "thinking", "tool"], block: Json) -> bytes:
        index, self._kind = self._blocks, kind
        self._blocks += 1
        name = kind.encode()
        self._opening = b"" if kind == "tool" else _DELTA % (index, b"%b_delta" % name, name)
        return _START % (index, orjson.dumps(block))

    def _close(self, *, finished_calls_alone: bool = False) -> Iterator[bytes]:
        """Yield the ends of open blocks.

        A call whose input is not complete may go on after another one has begun: some engines tell that
        a call has no input only at the end.
        """
        if self._kind in {"text", "thinking"}:
            yield _STOP % (self._blocks - 1)
        self._kind = ""
        for call in self._calls.values():
            if call.open and (call.complete or not finished_calls_alone):
                call.open = False
                yield _STOP % call.index

    def _whole_block(self, block: Json) -> tuple[bytes, bytes]:
        index = self._blocks
        self._blocks += 1
        return _START % (index, orjson.dumps(block)), _STOP % index


def usage_report(usage: Usage) -> Json:
    """Return usage in the shape of the API, where input tokens are those that no cache had."""
    report: Json = {
        "input_tokens": usage.input_tokens - usage.cached_input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens:
        report["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.searches:
        report["server_tool_use"] = {"web_search_requests": usage.searches, "web_fetch_requests": 0}
    return report


def search_blocks(message_id: str, web: RetrievedContext | None) -> Iterator[Json]:
    """Yield the blocks of the web search that was made for a message, if there was one."""
    if web is None or not web.query:
        return
    use_id = f"srvtoolu_{message_id[-24:]}"
    yield {
        "type": "server_tool_use",
        "id": use_id,
        "name": "web_search",
        "input": {"query": web.query},
    }
    results: object = [
        {
            "type": "web_search_result",
            "title": one.title,
            "url": one.url,
            "encrypted_content": "",
            "page_age": one.date,
        }
        for one in web.citations
    ]
    if not web.searches:
        results = {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    yield {"type": "web_search_tool_result", "tool_use_id": use_id, "content": results}


def _message(message_id: str, model: str, content: list[Json]) -> Json:
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
    }


def _opened(kind: Literal["text", "thinking"]) -> Json:
    """Return a block without its text; thinking that its engine has not signed has an empty signature."""
    return {"type": "text"} if kind == "text" else {"type": "thinking", "signature": ""}


def _is_signed(block: _Block) -> bool:
    return bool(block.fields.get("signature"))


def _tool_use(call_id: str, name: str) -> Json:
    return {"type": "tool_use", "id": call_id, "name": name}


def _input(text: str) -> object:
    """Return a call's input as an object; what a limit cut off in the middle is none."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return orjson.Fragment(text) if isinstance(value, dict) else {}


def _event(name: str, fields: Json) -> bytes:
    data = orjson.dumps({"type": name, **fields})
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
