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

    What may yet turn out to be the beginning of a call is held back, and no more than that.
    """

    def __init__(self, request: ChatRequest) -> None:
        self._openings = openings(request)
        self._after = request.options.format_after
        self._choices: dict[int, _Reading] = {}

    def read(self, batch: EventBatch) -> EventBatch:
        """Return a batch with calls in place of their text."""
        events: list[ChatEvent] = []
        for event in batch:
            if isinstance(event, Text):
                events += self._of(event.choice).hear(event)
            elif isinstance(event, Finish):
                events += self._of(event.choice).end(event)
            else:
                events.append(event)
        return tuple(events)

    def _of(self, choice: int) -> "_Reading":
        if choice not in self._choices:
            self._choices[choice] = _Reading(choice, self._openings, self._after)
        return self._choices[choice]


@dataclass(slots=True)
class _Arguments:
    """How far into the JSON of a call's arguments an answer is."""

    depth: int = 0
    quoted: bool = False
    escaped: bool = False

    def end(self, text: str) -> int:
        """Return where in the next piece of text they end; -1: not there."""
        for at, char in enumerate(text):
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
                    return at + 1
        return -1


@dataclass(slots=True)
class _Reading:
    """One choice."""

    choice: int
    openings: _Openings
    after: str
    """What has to be said before an answer begins; empty once it was."""
    held: list[Text] = field(default_factory=list)
    """What may be the beginning of a call; after a call, what may be that of a further one."""
    stage: Literal["begin", "words", "arguments", "between"] = "begin"
    arguments: _Arguments = field(default_factory=_Arguments)
    calls: int = 0
    closing: str = ""
    """What ends the latest call."""

    def hear(self, text: Text) -> Iterator[ChatEvent]:
        """Yield what is certain by now."""
        if self.stage == "arguments":
            yield from self._write(text)
            return
        self.held.append(text)
        if self.after:
            yield from self._begin()
        elif self.stage == "between":
            yield from self._go_on()
        else:
            yield from self._look()

    def end(self, finish: Finish) -> Iterator[ChatEvent]:
        """Yield what was held back, where it is words, and why the choice ended."""
        if self.calls:
            whole = finish.reason == "stop" and self.stage == "between"
            yield Finish(self.choice, "tool_calls") if whole else finish
            return
        # The beginning of a call that the output limit cut off is nothing to be read.
        if finish.reason != "length" or self.after:
            yield from self.held
        yield finish

    def _begin(self) -> Iterator[ChatEvent]:
        """Pass on what comes before the answer."""
        said = _joined(self.held)
        if self.after not in said:
            kept = _last(said, self.after)
            yield from self._let_go(kept)
            return
        at = said.index(self.after) + len(self.after)
        self.after = ""
        yield from self._let_go(at + len(said[at:]) - len(said[at:].lstrip()), split=True)
        yield from self._look()

    def _look(self) -> Iterator[ChatEvent]:
        """Tell words from the beginning of a call."""
        said = _joined(self.held)
        at = len(said) - len(said.lstrip()) if self.stage == "begin" else _last(said, TAG)
        while said[at:]:
            if opening := self._opening(said[at:]):
                yield from self._let_go(at, split=True)
                yield from self._call(opening, opening)
                return
            if any(opening.startswith(said[at:]) for opening in self.openings):
                break
            self.stage = "words"
            at = _last(said, TAG, at + 1)
        yield from self._let_go(at)

    def _call(self, opening: str, before: str) -> Iterator[ChatEvent]:
        """Begin a call, whose arguments come after `before` in what is held."""
        name, self.closing = self.openings[opening]
        said, tokens = _joined(self.held), sum(text.tokens for text in self.held)
        self.held.clear()
        self.stage, self.arguments, self.calls = "arguments", _Arguments(), self.calls + 1
        yield ToolPart(self.choice, self.calls - 1, "", tokens, name)
        if rest := said[len(before) :]:
            yield from self._write(Text(self.choice, rest, 0))

    def _write(self, text: Text) -> Iterator[ChatEvent]:
        end = self.arguments.end(text.text)
        if end < 0:
            yield ToolPart(self.choice, self.calls - 1, text.text, text.tokens)
            return
        yield ToolPart(self.choice, self.calls - 1, text.text[:end], text.tokens)
        self.stage = "between"
        self.held.append(Text(self.choice, text.text[end:], 0))
        yield from self._go_on()

    def _go_on(self) -> Iterator[ChatEvent]:
        """Look for a further call."""
        before = f"{self.closing}\n"
        said = _joined(self.held)
        if said.startswith(before) and (opening := self._opening(said[len(before) :])):
            yield from self._call(opening, before + opening)

    def _opening(self, said: str) -> str | None:
        return next((one for one in self.openings if said.startswith(one)), None)

    def _let_go(self, at: int, *, split: bool = False) -> Iterator[Text]:
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


def _last(said: str, sought: str, start: int = 0) -> int:
    """Return where a text stands, or may stand once more was said; else the end of what was."""
    found = said.find(sought, start)
    if found >= 0:
        return found
    for at in range(max(start, len(said) - len(sought) + 1), len(said)):
        if sought.startswith(said[at:]):
            return at
    return len(said)
