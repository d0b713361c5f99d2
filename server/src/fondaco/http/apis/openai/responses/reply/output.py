"""Output: the events of a call, sorted into the items of a response.

At most one item is open at a time. A body lists the items in the end; a stream tells each step as it
is made, through an `ItemListener`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol

from fondaco.domain.chat.events import (
    ChatEvent,
    EventBatch,
    Finish,
    FinishReason,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    TokenLogprob,
    ToolPart,
    UsageReported,
)
from fondaco.domain.chat.opaque import ANSWERED, RawJson
from fondaco.domain.web import RetrievedContext
from fondaco.http.apis.openai.chat.writers import tool_call_id
from fondaco.http.apis.openai.responses.reply.citations import annotations_of, cited
from fondaco.http.apis.openai.responses.reply.output_items import (
    ItemStatus,
    OutputCall,
    OutputItem,
    OutputMessage,
    OutputReasoning,
    OutputReasoningPart,
    OutputRefusalPart,
    OutputSearch,
    OutputTextPart,
    Part,
)
from fondaco.http.apis.openai.responses.request.opaque_item import packed
from fondaco.http.apis.openai.responses.request.tool_names import ToolName, ToolNames
from fondaco.lossless_json import merged

_CUT_SHORT = frozenset({"length", "content_filter"})
"""Reasons of an end that leave the last item incomplete."""


class ItemListener(Protocol):
    """Listener to each step in which the items of a response are built."""

    def opened(self, item: OutputItem) -> None:
        """An item has started."""
        ...

    def part_opened(self, item: OutputMessage | OutputReasoning, part: Part) -> None:
        """A part of the last item has started."""
        ...

    def grown(self, text: str, logprobs: tuple[TokenLogprob, ...] | None = None) -> None:
        """The last part or call has grown by a piece."""
        ...

    def part_closed(self, item: OutputMessage | OutputReasoning, part: Part) -> None:
        """The last part is complete."""
        ...

    def closed(self, item: OutputItem) -> None:
        """The last item is complete."""
        ...


class _Nobody:
    """Listens to nothing: a body is written in the end."""

    def opened(self, item: OutputItem) -> None:
        """Do nothing."""

    def part_opened(self, item: OutputMessage | OutputReasoning, part: Part) -> None:
        """Do nothing."""

    def grown(self, text: str, logprobs: tuple[TokenLogprob, ...] | None = None) -> None:
        """Do nothing."""

    def part_closed(self, item: OutputMessage | OutputReasoning, part: Part) -> None:
        """Do nothing."""

    def closed(self, item: OutputItem) -> None:
        """Do nothing."""


class Output:
    """Sorts the events of a call into output items."""

    def __init__(
        self, call_id: str, names: ToolNames, listener: ItemListener | None = None
    ) -> None:
        """Prepare.

        Args:
            call_id: 32 hex digits, from which the ids of items are made.
            names: of custom tools, and of those in namespaces.
            listener: is told each step.
        """
        self.items: list[OutputItem] = []
        self.reason: FinishReason = "stop"
        self._call_id = call_id
        self._names = names
        self._listener: ItemListener = listener or _Nobody()
        self._open: OutputMessage | OutputReasoning | OutputCall | None = None
        self._part: Part | None = None
        self._late: list[ChatEvent] = []
        """Events of other items that came before the arguments of the open call were complete."""
        self._opaque: dict[str, list[str]] = {}
        self._opaque_calls: dict[str, RawJson] = {}
        self._web: RetrievedContext | None = None

    def searched(self, web: RetrievedContext, *, sources: bool) -> None:
        """Add what was retrieved from the web before the model answered.

        Args:
            web: what was retrieved.
            sources: whether a search lists the addresses of its results.
        """
        self._web = web
        for page in web.pages:
            self._add_search({"type": "open_page", "url": page.url}, "completed")
        if web.query:
            empty = any(note.code == "SEARCH_EMPTY" for note in web.notes)
            failed = not web.citations and not empty
            action: dict[str, object] = {"type": "search", "query": web.query}
            if sources:
                action["sources"] = [{"type": "url", "url": one.url} for one in web.citations]
            self._add_search(action, "failed" if failed else "completed")

    def add(self, batch: EventBatch) -> None:
        """Add a batch of events."""
        for event in batch:
            part = self._part
            if (
                part.__class__ is OutputTextPart
                and event.__class__ is Text
                and event.logprobs is None
            ):  # fast path for most events; an open part excludes an open call
                part.pieces.append(event.text)
                self._listener.grown(event.text)
            elif self._must_wait(event):
                self._late.append(event)
            else:
                self._take(event)

    def add_whole(self, batches: Sequence[EventBatch]) -> None:
        """Add all that a call has, and complete it; one text, as most have, in few steps."""
        if len(batches) == 1 and self._web is None:
            match batches[0]:
                case (Text(text=text, logprobs=None), Finish(reason=reason)) | (
                    Text(text=text, logprobs=None),
                    Finish(reason=reason),
                    UsageReported(),
                ) if text:
                    self.reason = reason
                    part: Part = OutputTextPart([text])
                    item = OutputMessage(self._id("msg"), 0, [part], self._status)
                    self.items.append(item)
                    return
                case _:
                    pass
        for batch in batches:
            self.add(batch)
        self.end()

    def end(self) -> None:
        """Complete what is open, and add what has no item yet."""
        late, self._late = self._late, []
        for event in _grouped(late):
            self._take(event)
        self._close()
        if self._opaque or self._opaque_calls:
            self._reasoning()
            self._close()
        if not any(isinstance(item, OutputMessage | OutputCall) for item in self.items):
            self._part_of(OutputTextPart)
            self._close()

    def _must_wait(self, event: ChatEvent) -> bool:
        """Whether an event must wait for the open call, as its arguments are incomplete.

        Engines may tell several calls in turns, and an item of a stream does not open again.
        """
        call = self._open
        if not isinstance(call, OutputCall) or isinstance(event, Opaque | Finish | UsageReported):
            return False
        if isinstance(event, ToolPart) and event.index == call.number:
            return False
        return bool(self._late) or not call.complete

    def _take(self, event: ChatEvent) -> None:
        match event:
            case Text():
                self._text(event)
            case Reasoning() | Refusal():
                self._grow(
                    OutputReasoningPart if isinstance(event, Reasoning) else OutputRefusalPart,
                    event.text,
                )
            case ToolPart():
                self._call(event)
            case Opaque():
                self._take_opaque(event)
            case Finish():
                self.reason = event.reason
                self.end()
            case UsageReported():
                pass

    def _text(self, event: Text) -> None:
        if not event.text and not event.logprobs:
            return
        part = self._part_of(OutputTextPart)
        part.pieces.append(event.text)
        if event.logprobs is not None and isinstance(part, OutputTextPart):
            part.logprobs.extend(event.logprobs)
        self._listener.grown(event.text, event.logprobs)

    def _grow(self, kind: type[Part], text: str) -> None:
        if text:
            self._part_of(kind).pieces.append(text)
            self._listener.grown(text)

    def _part_of(self, kind: type[Part]) -> Part:
        """Return the open part of a kind, in an item of its kind."""
        part = self._part
        if part is not None and part.__class__ is kind:
            return part
        if kind is OutputReasoningPart:
            item: OutputMessage | OutputReasoning = self._reasoning()
        elif isinstance(self._open, OutputMessage):
            item = self._open
        else:
            item = OutputMessage(self._id("msg"), len(self.items))
            self._begin(item)
        self._close_part()
        self._part = part = kind()
        item.parts.append(part)
        self._listener.part_opened(item, part)
        return part

    def _reasoning(self) -> OutputReasoning:
        if isinstance(self._open, OutputReasoning):
            return self._open
        item = OutputReasoning(self._id("rs"), len(self.items))
        self._begin(item)
        return item

    def _call(self, event: ToolPart) -> None:
        call = self._open
        if not isinstance(call, OutputCall) or call.number != event.index:
            name = self._names.get(event.name) or ToolName(event.name)
            call = OutputCall(
                self._id("ctc" if name.custom else "fc"),
                len(self.items),
                tool_call_id(self._call_id, event),
                event.index,
                name,
            )
            self._begin(call)
        if event.opaque is not None:
            self._opaque_calls[call.call_id] = {
                **self._opaque_calls.get(call.call_id, {}),
                **event.opaque,
            }
        if event.arguments:
            call.pieces.append(event.arguments)
            self._listener.grown(event.arguments)

    def _take_opaque(self, event: Opaque) -> None:
        for name, text in event.fields.items():
            if name in ANSWERED:
                self._opaque.setdefault(name, []).append(text)
            elif name == "annotations" and isinstance(self._part, OutputTextPart):
                self._part.annotations += annotations_of(text)

    def _begin(self, item: OutputMessage | OutputReasoning | OutputCall) -> None:
        self._close()
        self._open = item
        self.items.append(item)
        self._listener.opened(item)

    def _close(self) -> None:
        """Complete the open item."""
        item = self._open
        if item is None:
            return
        self._close_part()
        if isinstance(item, OutputReasoning) and (self._opaque or self._opaque_calls):
            fields = {name: merged(pieces) for name, pieces in self._opaque.items()}
            item.encrypted = packed(fields, self._opaque_calls)
            self._opaque, self._opaque_calls = {}, {}
        item.status = self._status
        self._open = None
        self._listener.closed(item)

    @property
    def _status(self) -> ItemStatus:
        """The status of an item that ends now."""
        return "incomplete" if self.reason in _CUT_SHORT else "completed"

    def _close_part(self) -> None:
        part, item = self._part, self._open
        self._part = None
        if part is None or not isinstance(item, OutputMessage | OutputReasoning):
            return
        if isinstance(part, OutputTextPart) and self._web is not None and self._web.citations:
            part.annotations += cited(part.text, self._web.citations)
        self._listener.part_closed(item, part)

    def _add_search(
        self, action: Mapping[str, object], status: Literal["completed", "failed"]
    ) -> None:
        item = OutputSearch(self._id("ws"), len(self.items), action)
        self.items.append(item)
        self._listener.opened(item)
        item.status = status
        self._listener.closed(item)

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{self._call_id}{len(self.items):04x}"


def _grouped(events: list[ChatEvent]) -> Iterator[ChatEvent]:
    """Yield events with all those of one call, or of one kind, together, in the order of their first ones."""
    groups: dict[object, list[ChatEvent]] = {}
    for event in events:
        key = event.index if isinstance(event, ToolPart) else event.__class__
        groups.setdefault(key, []).append(event)
    for group in groups.values():
        yield from group
