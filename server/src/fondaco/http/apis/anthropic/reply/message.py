"""The accumulator of a message: the events of a call as one body.

Source: Anthropic's API reference, "Create a message".
"""

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
    pieces_of,
)


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
        self._ending = Ending(message_id)
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
        message = message_fields(self._id, model, [*search_blocks(self._id, web), *blocks])
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
            last = _Block(opened_block(kind), kind)
            self._blocks.append(last)
        last.pieces.append(text)
        return last

    def _call(self, part: ToolPart) -> None:
        block = self._calls.get(part.index)
        if block is None:
            block = _Block(tool_use_block(self._ending.begin(part), part.name), "input")
            self._calls[part.index] = block
            self._blocks.append(block)
        block.pieces.append(part.arguments)
        self._ending.keep_of_call(str(block.fields["id"]), part.opaque)

    def _take(self, event: Opaque) -> None:
        self._ending.keep(event.fields)
        for piece in pieces_of(event.fields.get(THINKING_BLOCKS)):
            if isinstance(piece, RedactedPiece):
                self._blocks.append({"type": "redacted_thinking", "data": piece.data})
                continue
            if piece.text and not self._reasoned:
                self._grow("thinking", piece.text)
            if piece.signature:
                self._grow("thinking", "").fields["signature"] = piece.signature


def _is_signed(block: _Block) -> bool:
    return bool(block.fields.get("signature"))


def _input(text: str) -> object:
    """Return a call's input as an object; what a limit cut off in the middle is none."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return orjson.Fragment(text) if isinstance(value, dict) else {}
