"""The response reader: chunks of a stream, or a whole body, as chat events."""

from collections.abc import Mapping, Sequence
from typing import Any

from fondaco.domain.chat.events import (
    ChatEvent,
    EventBatch,
    Finish,
    FinishReason,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolPart,
    UsageReported,
)
from fondaco.domain.chat.opaque import MOST_CHARACTERS, RawJson
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import EngineError, FondacoError
from fondaco.domain.money.usage import Report
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.dialects import Dialect
from fondaco.engines.common.logprobs import logprobs_of
from fondaco.engines.openai.errors import error_in_body
from fondaco.engines.openai.reply import opaque, plain_document
from fondaco.engines.openai.reply.chunk_template import ChunkTemplate, Kind
from fondaco.engines.openai.reply.content import split_content
from fondaco.engines.openai.reply.finish import REASONS, finish_of, stop_sequence_of
from fondaco.engines.openai.reply.shapes import MalformedReplyError, list_at, object_at, object_of
from fondaco.engines.openai.reply.tool_calls import ToolReader, calls_of, joined
from fondaco.engines.openai.reply.usage import usage_of
from fondaco.ports.incidents import Incident, report

_STOP: FinishReason = "stop"


class ReplyReader:
    """The reader of one response: tolerates violations with a clear meaning, and fails on others.

    For non-streaming callers, texts of one choice that arrive together are joined. Of several usage reports
    that arrive together, the last is kept. A failure is kept until `check`, so that events before it are not
    lost.

    A choice's finish reason is the last one sent, since some engines send one with every chunk. Once all
    choices have one, malformed chunks are tolerated.
    """

    # The state before the first chunk.

    _counted: Report | None = None
    _failure: FondacoError | None = None
    _repair_reported = False
    _opaque_bytes = 0
    _ended = False
    """Whether the `Finish` events have been emitted."""
    _reports: list[Report] | None = None
    """Usage reports of single choices, for engines that report each separately."""
    _silent = True
    _unreliable = False
    """Whether a choice went on after its finish."""

    def __init__(self, request: ChatRequest, dialect: Dialect, engine: str = "") -> None:
        """Expect the reply to `request` of the engine with that name in the configuration."""
        self._chunk_template = ChunkTemplate()
        self._choices = request.choices
        self._engine = engine
        self._seen: set[int] = set()
        """Choices with any output."""
        self._joins = not request.stream
        self._model = request.model
        self._output_limit = request.requested_tokens
        self._reasons: dict[int, FinishReason] = {}
        """Finish reasons of choices that have ended, unless they continue."""
        self._stop_sequences = request.sampling.stop
        self._stops: dict[int, str] = {}
        """The stop sequences that ended choices, if the engine reports them."""
        self._tool_options = request.options.tool_options
        self._tools: dict[int, ToolReader] = {}
        """Readers of choices with tool calls."""
        self._top = request.top_logprobs or 0
        self._takes_plain = plain_document.is_plain(request)
        """Whether a plain document has no more to tell than its text."""
        if dialect.usage_per_choice and request.choices > 1:
            self._reports = []

    @property
    def complete(self) -> bool:
        """Whether every choice has finished, so that a broken end loses nothing."""
        return len(self._reasons) == self._choices and not self._unreliable

    def read(self, payloads: Sequence[bytes]) -> EventBatch:
        """Return the events of chunks, up to a failure."""
        return self._batch(self._events_of(payloads))

    def peek(self, event: bytes) -> EventBatch:
        """Return what `read` would, of an event whose chunk differs from an earlier one in its text alone.

        Nothing where the event has to be parsed. No state of the reader changes.
        """
        chunk_template = self._chunk_template
        text = chunk_template.text_of_event(event)
        return (chunk_template.kind(chunk_template.choice, text),) if text else ()

    def read_document(self, document: bytes) -> EventBatch:
        """Return the events of a whole reply."""
        if self._takes_plain and (batch := plain_document.events_of(document)):
            return batch
        return self.read_last([document], done=True)

    def read_last(self, payloads: Sequence[bytes], *, done: bool = False) -> EventBatch:
        """Return the events of the last chunks; an unfinished answer is a failure.

        Args:
            payloads: the chunks.
            done: whether the reply was all there, as `[DONE]` says: what was said is then the answer,
                also where the engine gave no reason for its end.
        """
        events = self._events_of(payloads)
        if self._failure is None and not self._ended:
            if done and self._seen:
                finished = self._seen if self._reasons else range(self._choices)
                self._reasons = dict.fromkeys(finished, _STOP) | self._reasons
            if len(self._reasons) == self._choices:
                self._end(events)
            else:
                self._failure = EngineError("The model's engine ended its response without output.")
        return self._batch(events)

    def check(self) -> None:
        """Raise the failure, if there is one.

        Raises:
            EngineError: the response is malformed or incomplete.
            InvalidRequestError: the engine rejected the request before any output.
        """
        if self._failure is not None:
            raise self._failure

    def _events_of(self, payloads: Sequence[bytes]) -> list[ChatEvent]:
        """Return the events of chunks; a failure among them is kept."""
        events: list[ChatEvent] = []
        texts: list[str] = []
        try:
            self._read_all(payloads, events, texts)
        except EngineError as failure:
            self._failure = failure
        except FondacoError as failure:
            # After the first output, an error about the request is the engine's failure.
            began = bool(events) or not self._silent
            self._failure = EngineError(str(failure)) if began else failure
        except MalformedReplyError:
            self._failure = EngineError(
                "The model's engine sent a reply that is not a chat completion."
            )
        if texts:
            self._add_texts(events, self._chunk_template.kind, self._chunk_template.choice, texts)
        return events

    def _batch(self, events: list[ChatEvent]) -> EventBatch:
        if self._counted is not None:
            events.append(UsageReported(self._counted))
            self._counted = None
        if events:
            self._silent = False
        return tuple(events)

    def _read_all(
        self, payloads: Sequence[bytes], events: list[ChatEvent], texts: list[str]
    ) -> None:
        """Read chunks to `events`; texts not yet there are in `texts`, also after an error."""
        chunk_template = self._chunk_template
        if len(payloads) == 1:
            if text := chunk_template.text(payloads[0]):
                texts.append(text)  # the common case of streams
            else:
                self._read(payloads[0], events)
            return
        index = 0
        while index < len(payloads):
            texts += chunk_template.run(payloads[index:])
            index += len(texts)
            if index < len(payloads):
                if texts:
                    self._add_texts(events, chunk_template.kind, chunk_template.choice, texts)
                self._read(payloads[index], events)
                index += 1

    def _read(self, payload: bytes, events: list[ChatEvent]) -> None:
        try:
            self._read_chunk(payload, events)
        except (FondacoError, MalformedReplyError):
            if not self.complete:
                raise
            self._report_repair("end")

    def _read_chunk(self, payload: bytes, events: list[ChatEvent]) -> None:
        chunk = object_of(payload)
        choices: Any = chunk.get("choices")
        usage = chunk.get("usage")
        if choices is None or chunk.get("error"):
            failure = error_in_body(chunk, output_tokens=self._output_limit)
            if failure is not None:
                raise failure
        if not self._ended:
            for position, choice in enumerate(list_at(choices or [])):
                learned = self._read_choice(position, object_at(choice), events, payload)
                if learned is not None and not usage and len(choices) == 1:
                    self._chunk_template.learn(payload, learned[1], learned[0], learned[2])
        if usage:
            self._count(usage_of(usage))
            if not choices and self.complete and not self._ended:
                self._end(events)

    def _read_choice(
        self, position: int, choice: dict[str, Any], events: list[ChatEvent], payload: bytes
    ) -> tuple[int, Kind, str] | None:
        """Return choice, kind and text of a chunk that contains a single text only."""
        index = choice.get("index")
        if index.__class__ is not int or not 0 <= index < self._choices:
            index = self._index(index, position)
        single_text = self._read_message(index, choice, events, payload, position)
        reason = choice.get("finish_reason")
        if reason is not None:
            usual = REASONS.get(reason) if reason.__class__ is str else None
            if (mapped := usual or finish_of(reason)) is not None:
                self._finish(index, mapped, choice)
                return None
        return None if single_text is None else (index, *single_text)

    def _index(self, value: object, position: int) -> int:
        """Return the index of a choice whose index is missing or invalid: its position in the list."""
        if value is not None:
            self._report_repair("index")
        index = whole(value)
        return position if index is None else index

    def _read_message(
        self,
        index: int,
        choice: dict[str, Any],
        events: list[ChatEvent],
        payload: bytes,
        position: int,
    ) -> tuple[Kind, str] | None:
        """Return kind and text of a message that contains a single text only."""
        message, logprobs = choice.get("delta") or choice.get("message"), choice.get("logprobs")
        if not message:  # POST /completions sends plain text
            message = {"content": choice.get("text")}
        message = object_at(message)
        single_text = self._read_text(index, message, logprobs, events)
        if (
            not opaque.PASSED.isdisjoint(message)
            and (fields := opaque.of_message(message, payload, position))
            and index < self._choices
        ):
            self._take_opaque(fields)
            events.append(Opaque(index, fields))
            single_text = None
        if message.get("tool_calls") or message.get("function_call"):
            calls = calls_of(message)
            opaque_fields = opaque.of_calls(calls, payload, position)
            self._read_calls(
                index, calls, events, tokens=0 if logprobs else 1, opaque_fields=opaque_fields
            )
            return None
        return single_text

    def _take_opaque(self, fields: RawJson) -> None:
        self._opaque_bytes += sum(map(len, fields.values()))
        if self._opaque_bytes > MOST_CHARACTERS:
            raise EngineError("The model's engine sent too many reasoning details.")

    def _read_text(
        self,
        index: int,
        message: dict[str, Any],
        raw_logprobs: object,
        events: list[ChatEvent],
    ) -> tuple[Kind, str] | None:
        reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
        text, refusal = message.get("content") or "", message.get("refusal") or ""
        if not (text.__class__ is reasoning.__class__ is refusal.__class__ is str):
            reasoning, text, refusal = split_content(reasoning, text, refusal)
        logprobs = logprobs_of(raw_logprobs, self._top) if raw_logprobs else None
        if not (reasoning or text or refusal or logprobs):
            return None
        self._expect(index)
        if reasoning:
            self._add_texts(events, Reasoning, index, [reasoning])
        if refusal:
            self._add_texts(events, Refusal, index, [refusal])
        if logprobs:
            events.append(Text(index, text, len(logprobs), logprobs))
        elif text:
            self._add_texts(events, Text, index, [text])
            return None if reasoning or refusal else (Text, text)
        return (Reasoning, reasoning) if reasoning and not (logprobs or refusal) else None

    def _read_calls(
        self,
        index: int,
        calls: Sequence[Mapping[str, Any]],
        events: list[ChatEvent],
        *,
        tokens: int,
        opaque_fields: Sequence[RawJson | None],
    ) -> None:
        self._expect(index)
        for fields in opaque_fields:
            self._take_opaque(fields or {})
        reader = self._tools.setdefault(index, ToolReader(index, self._tool_options))
        self._add(reader.read(calls, tokens, opaque_fields), events)

    def _expect(self, index: int) -> None:
        """Record that a choice has output.

        Raises:
            MalformedReplyError: the choice was not requested.
        """
        if index >= self._choices:
            raise MalformedReplyError
        self._seen.add(index)
        if self._reasons.pop(index, None) is not None:
            self._unreliable = True

    def _add(self, parts: list[ToolPart], events: list[ChatEvent]) -> None:
        for part in parts:
            if self._joins:
                joined(events, part)
            else:
                events.append(part)

    def _add_texts(
        self, events: list[ChatEvent], kind: Kind | type[Refusal], choice: int, texts: list[str]
    ) -> None:
        """Add `texts`, a token each, to the events, and empty the list."""
        if not self._joins:
            events += [kind(choice, text) for text in texts]
            texts.clear()
            return
        text, tokens = "".join(texts), len(texts)
        texts.clear()
        match events[-1] if events else None:
            case Text(before, earlier, count, None) if kind is Text and before == choice:
                events[-1] = Text(choice, earlier + text, count + tokens)
            case Reasoning(before, earlier, count) if kind is Reasoning and before == choice:
                events[-1] = Reasoning(choice, earlier + text, count + tokens)
            case Refusal(before, earlier, count) if kind is Refusal and before == choice:
                events[-1] = Refusal(choice, earlier + text, count + tokens)
            case _:
                events.append(kind(choice, text, tokens))

    def _finish(self, index: int, reason: FinishReason, choice: Mapping[str, Any]) -> None:
        if index >= self._choices:
            raise MalformedReplyError
        self._reasons[index] = reason
        if self._stop_sequences and (stop := stop_sequence_of(choice, self._stop_sequences)):
            self._stops[index] = stop
        self._chunk_template.forget()

    def _end(self, events: list[ChatEvent]) -> None:
        """Emit the `Finish` of every choice."""
        self._ended = True
        for index in sorted(self._reasons):
            reason = self._end_calls(index, self._reasons[index], events)
            events.append(Finish(index, reason, self._stops.get(index)))

    def _end_calls(self, index: int, reason: FinishReason, events: list[ChatEvent]) -> FinishReason:
        """Return a choice's finish reason: some engines report `stop` after tool calls."""
        if (reader := self._tools.get(index)) is None:
            return "stop" if reason == "tool_calls" else reason
        self._add(reader.end(cut=reason == "length"), events)
        return "tool_calls" if reason == "stop" else reason

    def _count(self, usage: Report) -> None:
        """Keep an engine's latest usage report."""
        if usage.discarded:
            self._report_repair("usage")
        self._counted = usage
        if self._reports is not None:
            self._reports.append(usage)
            self._counted = Report.together(self._reports)

    def _report_repair(self, reason: str) -> None:
        """Report, once per response, that a protocol violation was repaired."""
        if not self._repair_reported:
            self._repair_reported = True
            report(
                Incident.ENGINE_REPLY_REPAIRED,
                reason=reason,
                engine=self._engine,
                model=self._model,
            )
