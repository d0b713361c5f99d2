"""Tool calls of embedded models: parsed from their output as it streams."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fondaco.domain.chat.events import ChatEvent, EventBatch, Finish, Text, ToolPart
from fondaco.domain.chat.request import ChatRequest
from fondaco.engines.llamacpp.tools import TAG, openings

_Openings: TypeAlias = Mapping[str, tuple[str, str]]


class ToolCallParser:
    """Reads the batches of one request, however they are cut.

    Only text that may be the start of a call is held back.
    """

    def __init__(self, request: ChatRequest) -> None:
        self._openings = openings(request)
        self._after = request.options.format_after
        self._choices: dict[int, _ChoiceParser] = {}

    def read(self, batch: EventBatch) -> EventBatch:
        """Return a batch with calls instead of their text."""
        events: list[ChatEvent] = []
        for event in batch:
            if isinstance(event, Text):
                events += self._of(event.choice).read(event)
            elif isinstance(event, Finish):
                events += self._of(event.choice).end(event)
            else:
                events.append(event)
        return tuple(events)

    def _of(self, choice: int) -> "_ChoiceParser":
        if choice not in self._choices:
            self._choices[choice] = _ChoiceParser(choice, self._openings, self._after)
        return self._choices[choice]


@dataclass(slots=True)
class _Arguments:
    """Scans the JSON of a call's arguments for its end."""

    depth: int = 0
    quoted: bool = False
    escaped: bool = False

    def end(self, text: str) -> int:
        """Return where the arguments end in the next piece of text; -1 if they continue."""
        for index, char in enumerate(text):
            if self.quoted:
                self.quoted = self.escaped or char != '"'
                self.escaped = char == "\\" and not self.escaped
            elif char == '"':
                self.quoted = True
            elif char in "{[":
                self.depth += 1
            elif char in "}]":
                self.depth -= 1
                if not self.depth:
                    return index + 1
        return -1


@dataclass(slots=True)
class _ChoiceParser:
    """One choice."""

    choice: int
    openings: _Openings
    after: str
    """Marker that precedes the answer; empty once it was found."""
    held: list[Text] = field(default_factory=list)
    """Text that may be the start of a call, or of a further one."""
    stage: Literal["begin", "words", "arguments", "between"] = "begin"
    arguments: _Arguments = field(default_factory=_Arguments)
    calls: int = 0
    closing: str = ""
    """The text that closes the latest call."""

    def read(self, text: Text) -> Iterator[ChatEvent]:
        """Yield the events that are certain by now."""
        if self.stage == "arguments":
            yield from self._write(text)
            return
        self.held.append(text)
        if self.after:
            yield from self._skip_preamble()
        elif self.stage == "between":
            yield from self._find_further_call()
        else:
            yield from self._find_call()

    def end(self, finish: Finish) -> Iterator[ChatEvent]:
        """Yield held-back text that is not a call, and the finish reason."""
        if self.calls:
            complete = finish.reason == "stop" and self.stage == "between"
            yield Finish(self.choice, "tool_calls") if complete else finish
            return
        # The start of a call that the output limit truncated is useless to the caller.
        if finish.reason != "length" or self.after:
            yield from self.held
        yield finish

    def _skip_preamble(self) -> Iterator[ChatEvent]:
        """Pass on the text before the answer."""
        text = _joined(self.held)
        if self.after not in text:
            kept = _last(text, self.after)
            yield from self._release(kept)
            return
        at = text.index(self.after) + len(self.after)
        self.after = ""
        yield from self._release(at + len(text[at:]) - len(text[at:].lstrip()), split=True)
        yield from self._find_call()

    def _find_call(self) -> Iterator[ChatEvent]:
        """Separate text from the start of a call."""
        text = _joined(self.held)
        at = len(text) - len(text.lstrip()) if self.stage == "begin" else _last(text, TAG)
        while text[at:]:
            if opening := self._opening(text[at:]):
                yield from self._release(at, split=True)
                yield from self._call(opening, opening)
                return
            if any(opening.startswith(text[at:]) for opening in self.openings):
                break
            self.stage = "words"
            at = _last(text, TAG, at + 1)
        yield from self._release(at)

    def _call(self, opening: str, before: str) -> Iterator[ChatEvent]:
        """Start a call, whose arguments follow `before` in the held text."""
        name, self.closing = self.openings[opening]
        text, tokens = _joined(self.held), sum(text.tokens for text in self.held)
        self.held.clear()
        self.stage, self.arguments, self.calls = "arguments", _Arguments(), self.calls + 1
        yield ToolPart(self.choice, self.calls - 1, "", tokens, name)
        if rest := text[len(before) :]:
            yield from self._write(Text(self.choice, rest, 0))

    def _write(self, text: Text) -> Iterator[ChatEvent]:
        end = self.arguments.end(text.text)
        if end < 0:
            yield ToolPart(self.choice, self.calls - 1, text.text, text.tokens)
            return
        yield ToolPart(self.choice, self.calls - 1, text.text[:end], text.tokens)
        self.stage = "between"
        self.held.append(Text(self.choice, text.text[end:], 0))
        yield from self._find_further_call()

    def _find_further_call(self) -> Iterator[ChatEvent]:
        """Look for a further call."""
        before = f"{self.closing}\n"
        text = _joined(self.held)
        if text.startswith(before) and (opening := self._opening(text[len(before) :])):
            yield from self._call(opening, before + opening)

    def _opening(self, text: str) -> str | None:
        return next((one for one in self.openings if text.startswith(one)), None)

    def _release(self, at: int, *, split: bool = False) -> Iterator[Text]:
        """Yield what is held as far as `at`; a piece in the middle of which that is, only if it is `split`."""
        while self.held and (length := len(self.held[0].text)) <= at:
            at -= length
            yield self.held.pop(0)
        if split and at:
            first = self.held[0]
            yield Text(self.choice, first.text[:at], first.tokens, first.logprobs)
            self.held[0] = Text(self.choice, first.text[at:], 0)


def _joined(texts: list[Text]) -> str:
    return "".join([text.text for text in texts])


def _last(text: str, marker: str, start: int = 0) -> int:
    """Return where a marker is, or may be once more text has arrived; else the text's end."""
    index = text.find(marker, start)
    if index >= 0:
        return index
    for start_index in range(max(start, len(text) - len(marker) + 1), len(text)):
        if marker.startswith(text[start_index:]):
            return start_index
    return len(text)
