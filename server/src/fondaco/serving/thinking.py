"""Thinking: how a model is told to think, and what becomes of its thoughts on the way to the caller."""

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from fondaco.domain.chat import (
    PLAIN,
    Burst,
    ChatEvent,
    Counted,
    Finish,
    Opaque,
    Refusal,
    Text,
    Thought,
    ToolPart,
    Turn,
    Wishes,
)
from fondaco.domain.message import Message, Role
from fondaco.domain.model import Model
from fondaco.domain.thinking import EFFORTS, Effort, Habits, Shown, Switch, ThinkingWish
from fondaco.serving.thoughts import CLOSING, OPENING, Thoughts

_NO_WISH = ThinkingWish()


class Thinking:
    """The thoughts of one call: heard as what they are, and shown where its caller looks for them."""

    __slots__ = ("_begun", "_choices", "_open", "_shown", "_tags")

    def __init__(
        self, *, tags: bool = False, begun: bool = False, shown: Shown | None = None
    ) -> None:
        """Prepare.

        Args:
            tags: whether the engine leaves thoughts in the text.
            begun: whether answers begin within one.
            shown: where they are shown; None: nowhere.
        """
        self._tags = tags
        self._begun = begun
        self._shown = shown
        self._choices: dict[int, Thoughts] = {}
        self._open: set[int] = set()
        """Choices that stand within tags of ours."""

    def afresh(self) -> "Thinking":
        """Return the way of another answer's thoughts."""
        return Thinking(tags=self._tags, begun=self._begun, shown=self._shown)

    def hear(self, burst: Burst) -> Burst:
        """Return a burst as it is counted: thoughts are told apart from text."""
        if not self._tags:
            return burst
        return tuple([event for heard in burst for event in self._told_apart(heard)])

    def show(self, burst: Burst) -> Burst:
        """Return what is to be seen of a burst that was heard; perhaps nothing."""
        if self._shown is Shown.CONTENT:
            return tuple([event for heard in burst for event in self._tagged(heard)])
        if self._shown is None:
            return tuple(_hidden(burst))
        return tuple([e for e in burst if not isinstance(e, Thought) or e.text])

    def _told_apart(self, event: ChatEvent) -> tuple[ChatEvent, ...]:
        match event:
            case Text():
                return self._of(event.choice).hear(event)
            case Thought():
                thoughts = self._of(event.choice)
                before = thoughts.interrupt(event.choice)
                thoughts.end_block()
                return (*before, event)
            case Refusal() | ToolPart() | Finish():
                return (*self._of(event.choice).interrupt(event.choice), event)
            case Opaque() | Counted():
                return (event,)
            case _:
                assert_never(event)

    def _of(self, choice: int) -> Thoughts:
        if choice not in self._choices:
            self._choices[choice] = Thoughts(begun=self._begun)
        return self._choices[choice]

    def _tagged(self, event: ChatEvent) -> Iterator[ChatEvent]:
        """Yield an event for content that shows thoughts within tags."""
        if isinstance(event, Thought):
            if event.text:
                opening = "" if event.choice in self._open else f"{OPENING}\n"
                self._open.add(event.choice)
                yield Text(event.choice, opening + event.text, event.tokens)
            return
        if not isinstance(event, Opaque | Counted) and event.choice in self._open:
            self._open.remove(event.choice)
            after = "" if isinstance(event, Finish) else "\n\n"
            yield Text(event.choice, f"\n{CLOSING}{after}", 0)
        yield event


def _hidden(burst: Burst) -> Iterator[ChatEvent]:
    """Yield a burst without thoughts, in words of any kind; signatures of thoughts stay."""
    for event in burst:
        if isinstance(event, Opaque):
            if (kept := event.unreadable) is not None:
                yield kept
        elif not isinstance(event, Thought):
            yield event


def think(model: Model, turn: Turn) -> tuple[Turn, Thinking | None, tuple[str, ...]]:
    """Return the turn as its model is told how to think, the way of its thoughts, and moot fields.

    An answer that may hold thoughts is read as a stream, however its caller reads it: only pieces
    that come one by one tell how many of its tokens are thoughts.
    """
    wish, habits = turn.wishes.thinking or _NO_WISH, model.thinking
    off = wish.off or wish.effort == "none"
    hidden = off or wish.strip
    if habits is None:
        bare = _wishing(turn, replace(turn.wishes, thinking=None))
        return bare, Thinking() if hidden else None, _moot(wish)
    if off:
        told, moot = _switched_off(habits, turn), _moot(wish)
    else:
        told, moot = _weighed(habits, turn, wish)
    # A template that is told to switch thinking off closes the block that it opens.
    begun = habits.begun and not (off and habits.switch in {Switch.TEMPLATE, Switch.EFFORT})
    if habits.tags and (begun or not off) and _is_bound(turn.wishes):
        told = _wishing(told, replace(told.wishes, form_after=CLOSING))
    # What is promised of content in a form holds for all of it.
    formed = turn.wishes.form is not None
    shown = None if hidden else Shown.FIELD if formed else habits.shown
    thinking = Thinking(tags=habits.tags, begun=begun, shown=shown)
    return replace(told, stream=True), thinking, moot


def _is_bound(wishes: Wishes) -> bool:
    """Whether engines may have to hold what comes after the thoughts to a form."""
    tooling = wishes.tooling
    return wishes.form is not None or (tooling is not None and bool(tooling.callable))


def _weighed(habits: Habits, turn: Turn, wish: ThinkingWish) -> tuple[Turn, tuple[str, ...]]:
    """Return the turn with as much thinking as the model offers, and what it has no use for."""
    effort = None if wish.effort is None else _nearest(wish.effort, habits.efforts)
    asked = replace(wish, off=False, strip=False, effort=effort, effort_field="reasoning_effort")
    moot = (wish.effort_field,) if effort is None and wish.effort is not None else ()
    return _wishing(turn, replace(turn.wishes, thinking=None if asked == _NO_WISH else asked)), moot


def _switched_off(habits: Habits, turn: Turn) -> Turn:
    """Return the turn with its model told not to think, if it listens to that."""
    wishes = replace(turn.wishes, thinking=None)
    match habits.switch:
        case Switch.NOT:
            return _wishing(turn, wishes)
        case Switch.TEMPLATE:
            switches = {**wishes.switches, habits.switch_name: False}
            return _wishing(turn, replace(wishes, switches=switches))
        case Switch.PROMPT:
            messages = _ended_by(habits.switch_name, turn.messages)
            return _wishing(replace(turn, messages=messages), wishes)
        case Switch.EFFORT:
            return _wishing(turn, replace(wishes, thinking=ThinkingWish(effort="none")))
        case _:
            assert_never(habits.switch)


def _ended_by(word: str, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return a conversation whose latest user message, if there is one, ends with a word."""
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].role is Role.USER:
            content = messages[at].content
            ended = (*content, word) if isinstance(content, tuple) else f"{content or ''} {word}"
            return (*messages[:at], replace(messages[at], content=ended), *messages[at + 1 :])
    return messages


def _nearest(effort: Effort, offered: tuple[Effort, ...]) -> Effort | None:
    """Return what comes next to an effort, of two the lesser; None: nothing is offered."""
    wanted = EFFORTS.index(effort)
    ranks = sorted(map(EFFORTS.index, offered))
    near = min(ranks, key=lambda rank: abs(rank - wanted), default=None)
    return None if near is None else EFFORTS[near]


def _moot(wish: ThinkingWish) -> tuple[str, ...]:
    """Return the fields that mean nothing where there is nothing to weigh."""
    names: list[str] = [] if wish.effort in {None, "none"} else [wish.effort_field]
    if wish.summary not in {None, "none"} and "reasoning" not in names:
        names.append("reasoning")
    if wish.budget_tokens is not None:
        names.append("reasoning.max_tokens")
    if wish.on:
        names.append("reasoning.enabled")
    return tuple(names)


def _wishing(turn: Turn, wishes: Wishes) -> Turn:
    return replace(turn, wishes=PLAIN if wishes == PLAIN else wishes)
