"""The stream of a response: typed events, numbered, from `response.created` to its end.

Each piece of text is put between bytes that are encoded once for its part.

Source: POST /responses of OpenAI's API, `stream`. Reasoning is streamed as `response.reasoning_text.*`, as
OpenAI's open-weight models and vLLM have it: what is sent is the reasoning itself, and no summary of it.
"""

from collections.abc import Mapping, Sequence

import orjson

from fondaco.domain.chat.events import EventBatch, Text, TokenLogprob
from fondaco.domain.errors import FondacoError
from fondaco.domain.money.usage import Usage
from fondaco.domain.web import RetrievedContext
from fondaco.http.apis.openai.responses.reply.output import Output
from fondaco.http.apis.openai.responses.reply.output_items import (
    OutputCall,
    OutputItem,
    OutputMessage,
    OutputReasoning,
    OutputReasoningPart,
    OutputRefusalPart,
    OutputSearch,
    OutputTextPart,
    Part,
    token_logprob,
)
from fondaco.http.apis.openai.responses.reply.response_object import ResponseObject, item_json
from fondaco.http.apis.openai.responses.request.tool_names import ToolNames
from fondaco.http.apis.venice.error_object import error_object

_FAMILIES: Mapping[type[Part], bytes] = {
    OutputTextPart: b"output_text",
    OutputRefusalPart: b"refusal",
    OutputReasoningPart: b"reasoning_text",
}
"""Kind of a part -> the family of its events."""
_PIECE = b'%b%b,"logprobs":[],"sequence_number":%d}\n\n'
_END = b',"sequence_number":%d}\n\n'


class EventWriter:
    """Writes the events of a call as events of the Responses API."""

    def __init__(self, response: ResponseObject, call_id: str, names: ToolNames) -> None:
        """Prepare.

        Args:
            response: the response object.
            call_id: 32 hex digits, from which the ids of items are made.
            names: of custom tools, and of those in namespaces.
        """
        self._response = response
        self._events = _ItemEvents()
        self._output = Output(call_id, names, self._events)

    def begin(self, web: RetrievedContext | None, *, sources: bool) -> bytes:
        """Return the first events, with the searches that were made before the model answered."""
        begun, events = self._response.begun(), self._events
        events.write(b"response.created", b'"response":%b' % begun)
        events.write(b"response.in_progress", b'"response":%b' % begun)
        if web is not None:
            self._output.searched(web, sources=sources)
        return events.taken()

    def write(self, batch: EventBatch) -> bytes:
        """Return the events of a batch; empty if none of it is shown."""
        events = self._events
        if events.text is not None and len(batch) == 1:  # fast path for most batches, twice as fast
            event = batch[0]
            if event.__class__ is Text and event.logprobs is None:
                events.text.pieces.append(event.text)
                number = events.number
                events.number += 1
                return _PIECE % (events.before, orjson.dumps(event.text), number)
        self._output.add(batch)
        return events.taken()

    def end(self, usage: Usage) -> bytes:
        """Return the last events, with the usage that is charged."""
        self._output.end()
        body, status = self._response.ended(self._output.reason, self._events.done, usage)
        self._events.write(b"response." + status.encode(), b'"response":%b' % body)
        return self._events.taken()

    def error(self, error: FondacoError) -> bytes:
        """Return the events that end the stream with an error.

        OpenAI's clients raise what `error` says, its object as well as its fields; others read
        `response.failed` alone.
        """
        events = self._events
        failed = self._response.failed(error, events.done)
        events.write_error(error)
        events.write(b"response.failed", b'"response":%b' % failed)
        return events.taken()


class _ItemEvents:
    """Writes the events of items; a listener of its own, since one that owned its output would be a cycle."""

    def __init__(self) -> None:
        self.number = 0
        """Number of the next event."""
        self.before = b""
        """Bytes before the next piece of the open part or call; empty: it is not sent."""
        self.text: OutputTextPart | None = None
        """The open part, where it is text: its pieces have log probabilities."""
        self.done: list[bytes] = []
        """Complete items as JSON."""
        self._written: list[bytes] = []

    def opened(self, item: OutputItem) -> None:
        """An item has started."""
        place = b'"output_index":%d' % item.index
        self.write(b"response.output_item.added", b'%b,"item":%b' % (place, item_json(item)))
        match item:
            case OutputCall() if not item.name.custom:
                self.before = _before(b"response.function_call_arguments.delta", _place(item))
                self.text = None
            case OutputSearch():
                for step in (b"in_progress", b"searching"):
                    self.write(b"response.web_search_call." + step, _place(item))
            case _:
                self.before, self.text = b"", None

    def part_opened(self, item: OutputMessage | OutputReasoning, part: Part) -> None:
        """A part of the last item has started."""
        place = _part_place(item)
        added = orjson.dumps(part.object())
        self.write(b"response.content_part.added", b'%b,"part":%b' % (place, added))
        self.before = _before(b"response.%b.delta" % _FAMILIES[part.__class__], place)
        self.text = part if isinstance(part, OutputTextPart) else None

    def grown(self, text: str, logprobs: tuple[TokenLogprob, ...] | None = None) -> None:
        """The last part or call has grown by a piece."""
        if not self.before:
            return  # the input of a custom tool is known once its arguments are complete
        event = self.before + orjson.dumps(text)
        if self.text is not None:
            event += b',"logprobs":%b' % (b"[]" if logprobs is None else _logprobs(logprobs))
        self._written.append(event + _END % self.number)
        self.number += 1

    def part_closed(self, item: OutputMessage | OutputReasoning, part: Part) -> None:
        """The last part is complete."""
        place, family = _part_place(item), _FAMILIES[part.__class__]
        if isinstance(part, OutputTextPart):
            for index, one in enumerate(part.annotations):
                self.write(
                    b"response.output_text.annotation.added",
                    b'%b,"annotation_index":%d,"annotation":%b' % (place, index, orjson.dumps(one)),
                )
        said = orjson.dumps("".join(part.pieces))
        name = b"refusal" if isinstance(part, OutputRefusalPart) else b"text"
        done = b'%b,"%b":%b' % (place, name, said)
        if isinstance(part, OutputTextPart):
            done += b',"logprobs":%b' % _logprobs(part.logprobs)
        self.write(b"response.%b.done" % family, done)
        whole = orjson.dumps(part.object())
        self.write(b"response.content_part.done", b'%b,"part":%b' % (place, whole))

    def closed(self, item: OutputItem) -> None:
        """The last item is complete."""
        match item:
            case OutputCall() if item.name.custom:
                said = orjson.dumps(item.input)
                self.write(
                    b"response.custom_tool_call_input.delta",
                    b'%b,"delta":%b' % (_place(item), said),
                )
                self.write(
                    b"response.custom_tool_call_input.done", b'%b,"input":%b' % (_place(item), said)
                )
            case OutputCall():
                said, name = orjson.dumps(item.arguments), orjson.dumps(item.name.name)
                self.write(
                    b"response.function_call_arguments.done",
                    b'%b,"name":%b,"arguments":%b' % (_place(item), name, said),
                )
            case OutputSearch(status="completed"):
                self.write(b"response.web_search_call.completed", _place(item))
            case _:
                pass
        self.before, self.text = b"", None
        done = item_json(item)
        self.done.append(done)
        self.write(
            b"response.output_item.done", b'"output_index":%d,"item":%b' % (item.index, done)
        )

    def write(self, kind: bytes, fields: bytes) -> None:
        """Write one event; its fields are members of a JSON object."""
        event = b'event: %b\ndata: {"type":"%b",%b' % (kind, kind, fields)
        self._written.append(event + _END % self.number)
        self.number += 1

    def write_error(self, error: FondacoError) -> None:
        """Write the event that clients raise."""
        self._written.append(error_event(error, self.number))
        self.number += 1

    def taken(self) -> bytes:
        """Return what has been written since it was last taken."""
        written = self._written
        if len(written) == 1:
            return written.pop()
        self._written = []
        return b"".join(written)


def error_event(error: FondacoError, number: int = 0) -> bytes:
    """Return the error event; the first of these events if no response has started."""
    said = error_object(error)
    fields = {**said, "type": "error", "error": said, "sequence_number": number}
    return b"event: error\ndata: %b\n\n" % orjson.dumps(fields)


def _before(kind: bytes, place: bytes) -> bytes:
    return b'event: %b\ndata: {"type":"%b",%b,"delta":' % (kind, kind, place)


def _place(item: OutputItem) -> bytes:
    return b'"item_id":"%b","output_index":%d' % (item.id.encode(), item.index)


def _part_place(item: OutputMessage | OutputReasoning) -> bytes:
    """Return the place of the last part of an item."""
    return b'%b,"content_index":%d' % (_place(item), len(item.parts) - 1)


def _logprobs(tokens: Sequence[TokenLogprob]) -> bytes:
    return orjson.dumps([token_logprob(one) for one in tokens])
