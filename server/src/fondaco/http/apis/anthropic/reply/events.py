"""The writer of a streamed message: the events of a call as named server-sent events.

They are assembled from bytes that are encoded once per block.

Source: Anthropic's API reference, "Streaming messages".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, assert_never

import orjson

from fondaco.domain.chat.events import (
    ChatEvent,
    EventBatch,
    Finish,
    Opaque,
    PromptEcho,
    Reasoning,
    Refusal,
    Text,
    ToolPart,
    UsageReported,
)
from fondaco.domain.money.usage import Usage
from fondaco.domain.web import RetrievedContext
from fondaco.http.apis.anthropic.reply.blocks import (
    Json,
    message_fields,
    opened_block,
    search_blocks,
    tool_use_block,
    usage_report,
)
from fondaco.http.apis.anthropic.reply.ending import Ending
from fondaco.http.apis.anthropic.reply.thinking_pieces import (
    THINKING_BLOCKS,
    RedactedPiece,
    ThinkingPiece,
    pieces_of,
)

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
        """Number of blocks that have started."""
        self._kind: Literal["text", "thinking", "tool", ""] = ""
        """Of the latest block, while it is open."""
        self._opening = b""
        """The bytes before the next piece of text in it."""
        self._calls: dict[int, _Call] = {}
        """The tool calls, by their index among them."""
        self._ending = Ending(message_id)
        self._reasoned = False

    def start(self, input_tokens: int, web: RetrievedContext | None) -> bytes:
        """Return the first events: the message, and the blocks of a web search where one was made."""
        usage = usage_report(Usage(input_tokens=input_tokens))
        ending: Json = {"stop_reason": None, "stop_sequence": None, "usage": usage}
        message = message_fields(self._id, self._model, []) | ending
        events = [_event("message_start", {"message": message})]
        for block in search_blocks(self._id, web):
            events += self._whole_block(block)
        return b"".join(events)

    def write(self, batch: EventBatch) -> bytes:
        """Return the events of a batch; empty if none of it is shown."""
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
            yield self._begin(kind, {**opened_block(kind), kind: ""})
        if text:
            yield self._opening + orjson.dumps(text) + _DELTA_END

    def _call(self, part: ToolPart) -> Iterator[bytes]:
        call = self._calls.get(part.index)
        if call is None:
            yield from self._close(finished_calls_alone=True)
            call = _Call(self._blocks, self._ending.begin(part))
            self._calls[part.index] = call
            yield self._begin("tool", {**tool_use_block(call.id, part.name), "input": {}})
        self._ending.keep_of_call(call.id, part.opaque)
        if part.arguments and call.open:
            call.pieces.append(part.arguments)
            opening = _DELTA % (call.index, b"input_json_delta", b"partial_json")
            yield opening + orjson.dumps(part.arguments) + _DELTA_END

    def _take(self, event: Opaque) -> Iterator[bytes]:
        self._ending.keep(event.fields)
        for piece in pieces_of(event.fields.get(THINKING_BLOCKS)):
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

        A call whose input is not complete may go on after another one has started: some engines tell that
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


def _event(name: str, fields: Json) -> bytes:
    data = orjson.dumps({"type": name, **fields})
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
