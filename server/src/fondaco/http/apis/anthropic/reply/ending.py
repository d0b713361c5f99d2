"""The ending of a message: its reason, and the state that its engine wants back with the next request."""

from dataclasses import dataclass, field

from fondaco.domain.chat.events import Finish, FinishReason, ToolPart
from fondaco.domain.chat.opaque import ANSWERED, RawJson
from fondaco.http.apis.anthropic.reply.blocks import Json
from fondaco.http.apis.anthropic.reply.thinking_pieces import THINKING_BLOCKS
from fondaco.http.apis.anthropic.sealed_fields import sealed
from fondaco.lossless_json import merged

_STOP_REASONS: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


@dataclass(slots=True)
class Ending:
    """Why a message ended, and the opaque fields sent with it."""

    message_id: str
    reason: FinishReason = "stop"
    stop_sequence: str | None = None
    refused: bool = False
    calls: list[str] = field(default_factory=list)
    """Ids of the tool calls."""
    opaque: dict[str, list[str]] = field(default_factory=dict)
    """Name -> the pieces of a field, as they arrived."""
    opaque_calls: dict[str, RawJson] = field(default_factory=dict)

    def finish(self, event: Finish) -> None:
        """Take the end of the answer."""
        self.reason, self.stop_sequence = event.reason, event.stop_sequence

    def keep(self, fields: RawJson) -> None:
        """Keep opaque fields for the end."""
        for name in ANSWERED & fields.keys() - {THINKING_BLOCKS}:
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
