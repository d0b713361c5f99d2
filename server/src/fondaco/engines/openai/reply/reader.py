"""The response reader: chunks of a stream, or a whole body, as chat events."""

from collections.abc import Sequence
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
from fondaco.engines.openai.lenient_json import object_of
from fondaco.engines.openai.reply import opaque
from fondaco.engines.openai.reply.chunk_template import ChunkTemplate, Kind
from fondaco.engines.openai.reply.content import taken_apart
from fondaco.engines.openai.reply.finish import REASONS, finish_of
from fondaco.engines.openai.reply.tool_calls import ToolReader, joined
from fondaco.engines.openai.reply.usage import usage_of
from fondaco.ports.incidents import Incident, report

_STOP: FinishReason = "stop"
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)
"""What reading raises where a chunk is not what it should be."""


class ReplyReader:
    """The reader of one reply; it takes what has a clear meaning, and fails only where there is none.

    Where nobody reads along, texts of one choice that arrive together become one. Of several reports of
    usage that do only the last is kept. A failure is kept until `check`, so that what was said before it
    is not lost.

    A choice ends with the reason that holds when the reply does: some engines send one with every
    chunk. Once all choices have one, whatever cannot be read is forgiven.
    """

    # As it is before anything has come.

    _counted: Report | None = None
    _failure: FondacoError | None = None
    _odd = False
    _opaque_bytes = 0
    _over = False
    """Whether the choices have been told to be at their ends."""
    _reports: list[Report] | None = None
    """Where each choice is reported by itself."""
    _silent = True
    _unreliable = False
    """Whether a choice went on after its finish."""

    def __init__(self, request: ChatRequest, dialect: Dialect, engine: str = "") -> None:
        """Expect the reply to `request` of the engine with that name in the configuration."""
        self._chunk_template = ChunkTemplate()
        self._choices = request.choices
        self._engine = engine
        self._heard: set[int] = set()
        """The choices that have said anything."""
        self._joins = not request.stream
        self._model = request.model
        self._output_limit = request.requested_tokens
        self._reasons: dict[int, FinishReason] = {}
        """Of the choices that are at their ends, unless they go on."""
        self._tool_options = request.options.tool_options
        self._tools: dict[int, ToolReader] = {}
        """Of the choices that call functions."""
        self._top = request.top_logprobs or 0
        if dialect.usage_per_choice and request.choices > 1:
            self._reports = []

    @property
    def complete(self) -> bool:
        """Whether every choice has finished, so that a broken end takes nothing from the answer."""
        return len(self._reasons) == self._choices and not self._unreliable

    def read(self, payloads: Sequence[bytes]) -> EventBatch:
        """Return what the chunks say, up to a failure."""
        return self._told(self._heard_of(payloads))

    def read_last(self, payloads: Sequence[bytes], *, done: bool = False) -> EventBatch:
        """Return what the last chunks say; an answer that is not finished now has failed.

        Args:
            payloads: the chunks.
            done: whether the reply was all there, as `[DONE]` says: what was said is then the answer,
                also where the engine gave no reason for its end.
        """
        events = self._heard_of(payloads)
        if self._failure is None and not self._over:
            if done and self._heard:
                ended = self._heard if self._reasons else range(self._choices)
                self._reasons = dict.fromkeys(ended, _STOP) | self._reasons
            if len(self._reasons) == self._choices:
                self._end(events)
            else:
                self._failure = EngineError("The model's engine ended its reply before the answer.")
        return self._told(events)

    def check(self) -> None:
        """Raise the failure, if there is one.

        Raises:
            EngineError: the reply cannot be read on.
            InvalidRequestError: the engine refused the request before it said anything.
        """
        if self._failure is not None:
            raise self._failure

    def _heard_of(self, payloads: Sequence[bytes]) -> list[ChatEvent]:
        """Return the events of chunks; a failure among them is kept."""
        events: list[ChatEvent] = []
        texts: list[str] = []
        try:
            self._read_all(payloads, events, texts)
        except EngineError as failure:
            self._failure = failure
        except FondacoError as failure:
            # Once the engine has begun, a complaint about the request comes too late.
            began = bool(events) or not self._silent
            self._failure = EngineError(str(failure)) if began else failure
        except _UNREADABLE:
            self._failure = EngineError("The model's engine sent what is no chat completion.")
        if texts:
            self._say(events, self._chunk_template.kind, self._chunk_template.choice, texts)
        return events

    def _told(self, events: list[ChatEvent]) -> EventBatch:
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
        if len(payloads) == 1 and (text := chunk_template.text(payloads[0])):
            texts.append(text)  # as nearly all pieces of a stream that is read along
            return
        at = 0
        while at < len(payloads):
            texts += chunk_template.run(payloads[at:])
            at += len(texts)
            if at < len(payloads):
                if texts:
                    self._say(events, chunk_template.kind, chunk_template.choice, texts)
                self._read(payloads[at], events)
                at += 1

    def _read(self, payload: bytes, events: list[ChatEvent]) -> None:
        try:
            self._read_chunk(payload, events)
        except (FondacoError, *_UNREADABLE):
            if not self.complete:
                raise
            self._repaired("end")

    def _read_chunk(self, payload: bytes, events: list[ChatEvent]) -> None:
        chunk = object_of(payload)
        choices: Any = chunk.get("choices")
        usage = chunk.get("usage")
        if choices is None or chunk.get("error"):
            failure = error_in_body(chunk, output_tokens=self._output_limit)
            if failure is not None:
                raise failure
        if not self._over:
            for place, choice in enumerate(choices or ()):
                said = self._read_choice(place, choice, events, payload)
                if said is not None and not usage and len(choices) == 1:
                    self._chunk_template.learn(payload, said[1], said[0], said[2])
        if usage:
            self._count(usage_of(usage))
            if not choices and self.complete and not self._over:
                self._end(events)

    def _read_choice(
        self, place: int, choice: dict[str, Any], events: list[ChatEvent], payload: bytes
    ) -> tuple[int, Kind, str] | None:
        """Return who said what, where it was a single text with nothing else to it."""
        index = choice.get("index")
        if index.__class__ is not int or not 0 <= index < self._choices:
            index = self._index(index, place)
        said = self._hear(index, choice, events, payload, place)
        reason = choice.get("finish_reason")
        if reason is not None:
            usual = REASONS.get(reason) if reason.__class__ is str else None
            if (ended := usual or finish_of(reason)) is not None:
                self._finish(index, ended)
                return None
        return None if said is None else (index, *said)

    def _index(self, given: object, place: int) -> int:
        """Return which choice speaks where that is not plain: as its place in the list tells."""
        if given is not None:
            self._repaired("index")
        index = whole(given)
        return place if index is None else index

    def _hear(
        self,
        index: int,
        choice: dict[str, Any],
        events: list[ChatEvent],
        payload: bytes,
        place: int,
    ) -> tuple[Kind, str] | None:
        """Return what was said, where it was a single text with nothing else to it."""
        said, logprobs = choice.get("delta") or choice.get("message"), choice.get("logprobs")
        if not said:  # POST /completions has the text alone
            said = {"content": choice.get("text")}
        words = self._hear_words(index, said, logprobs, events)
        if (
            not opaque.PASSED.isdisjoint(said)
            and (fields := opaque.of_message(said, payload, place))
            and index < self._choices
        ):
            self._take_opaque(fields)
            events.append(Opaque(index, fields))
            words = None
        if said.get("tool_calls") or said.get("function_call"):
            told = opaque.of_calls(said.get("tool_calls") or (), payload, place)
            self._hear_calls(index, said, events, tokens=0 if logprobs else 1, told=told)
            return None
        return words

    def _take_opaque(self, fields: RawJson) -> None:
        self._opaque_bytes += sum(map(len, fields.values()))
        if self._opaque_bytes > MOST_CHARACTERS:
            raise EngineError(
                "The model's engine sent more reasoning details than a reply may have."
            )

    def _hear_words(
        self,
        index: int,
        said: dict[str, Any],
        given: object,
        events: list[ChatEvent],
    ) -> tuple[Kind, str] | None:
        thought = said.get("reasoning_content") or said.get("reasoning") or ""
        text, refused = said.get("content") or "", said.get("refusal") or ""
        if not (text.__class__ is thought.__class__ is refused.__class__ is str):
            thought, text, refused = taken_apart(thought, text, refused)
        logprobs = logprobs_of(given, self._top) if given else None
        if not (thought or text or refused or logprobs):
            return None
        self._expect(index)
        if thought:
            self._say(events, Reasoning, index, [thought])
        if refused:
            self._say(events, Refusal, index, [refused])
        if logprobs:
            events.append(Text(index, text, len(logprobs), logprobs))
        elif text:
            self._say(events, Text, index, [text])
            return None if thought or refused else (Text, text)
        return (Reasoning, thought) if thought and not (logprobs or refused) else None

    def _hear_calls(
        self,
        index: int,
        said: dict[str, Any],
        events: list[ChatEvent],
        *,
        tokens: int,
        told: Sequence[RawJson | None],
    ) -> None:
        self._expect(index)
        for fields in told:
            self._take_opaque(fields or {})
        reader = self._tools.setdefault(index, ToolReader(index, self._tool_options))
        self._add(reader.read(said, tokens, told), events)

    def _expect(self, index: int) -> None:
        """Know that a choice has said something.

        Raises:
            ValueError: nobody asked for it.
        """
        if index >= self._choices:
            raise ValueError
        self._heard.add(index)
        if self._reasons.pop(index, None) is not None:
            self._unreliable = True

    def _add(self, parts: list[ToolPart], events: list[ChatEvent]) -> None:
        for part in parts:
            if self._joins:
                joined(events, part)
            else:
                events.append(part)

    def _say(
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
            case Text(before, said, count, None) if kind is Text and before == choice:
                events[-1] = Text(choice, said + text, count + tokens)
            case Reasoning(before, said, count) if kind is Reasoning and before == choice:
                events[-1] = Reasoning(choice, said + text, count + tokens)
            case Refusal(before, said, count) if kind is Refusal and before == choice:
                events[-1] = Refusal(choice, said + text, count + tokens)
            case _:
                events.append(kind(choice, text, tokens))

    def _finish(self, index: int, reason: FinishReason) -> None:
        if index >= self._choices:
            raise ValueError
        self._reasons[index] = reason
        self._chunk_template.forget()

    def _end(self, events: list[ChatEvent]) -> None:
        """Tell the ends of all choices."""
        self._over = True
        for index in sorted(self._reasons):
            reason = self._end_calls(index, self._reasons[index], events)
            events.append(Finish(index, reason))

    def _end_calls(self, index: int, reason: FinishReason, events: list[ChatEvent]) -> FinishReason:
        """Return why a choice ended: some engines call it a stop where functions were called."""
        if (reader := self._tools.get(index)) is None:
            return "stop" if reason == "tool_calls" else reason
        self._add(reader.end(cut=reason == "length"), events)
        return "tool_calls" if reason == "stop" else reason

    def _count(self, usage: Report) -> None:
        """Take an engine's next report as the call's usage so far."""
        if usage.discarded:
            self._repaired("usage")
        self._counted = usage
        if self._reports is not None:
            self._reports.append(usage)
            self._counted = Report.together(self._reports)

    def _repaired(self, what: str) -> None:
        """Report, once a reply, that a part of it broke the rules and what it means was taken."""
        if not self._odd:
            self._odd = True
            report(
                Incident.ENGINE_REPLY_REPAIRED, reason=what, engine=self._engine, model=self._model
            )
