"""Reasoning: instructs the model by its profile, and places reasoning where the caller expects it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

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
from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.reasoning import (
    EFFORTS,
    Effort,
    ReasoningField,
    ReasoningOptions,
    ReasoningProfile,
    ReasoningSwitch,
)
from fondaco.domain.chat.request import NO_OPTIONS, ChatOptions, ChatRequest
from fondaco.domain.models.model import Model
from fondaco.serving.chat.output.think_tags import CLOSING, OPENING, ThinkTagParser

_NO_REASONING_OPTIONS = ReasoningOptions()


class ReasoningFilter:
    """The reasoning of one call: heard as what they are, and shown where its caller looks for them."""

    __slots__ = ("_begun", "_choices", "_open", "_shown", "_tags")

    def __init__(
        self, *, tags: bool = False, begun: bool = False, shown: ReasoningField | None = None
    ) -> None:
        """Prepare.

        Args:
            tags: whether the engine leaves reasoning in the text.
            begun: whether answers begin within one.
            shown: where they are shown; None: nowhere.
        """
        self._tags = tags
        self._begun = begun
        self._shown = shown
        self._choices: dict[int, ThinkTagParser] = {}
        self._open: set[int] = set()
        """Choices that stand within tags of ours."""

    def restarted(self) -> "ReasoningFilter":
        """Return the way of another answer's reasoning."""
        return ReasoningFilter(tags=self._tags, begun=self._begun, shown=self._shown)

    def hear(self, batch: EventBatch) -> EventBatch:
        """Return a batch as it is counted: reasoning are told apart from text."""
        if not self._tags:
            return batch
        return tuple([event for heard in batch for event in self._told_apart(heard)])

    def show(self, batch: EventBatch) -> EventBatch:
        """Return what is to be seen of a batch that was heard; perhaps nothing."""
        if self._shown is ReasoningField.CONTENT:
            return tuple([event for heard in batch for event in self._tagged(heard)])
        if self._shown is None:
            return tuple(_hidden(batch))
        return tuple([e for e in batch if not isinstance(e, Reasoning) or e.text])

    def _told_apart(self, event: ChatEvent) -> tuple[ChatEvent, ...]:
        match event:
            case Text():
                return self._of(event.choice).hear(event)
            case Reasoning():
                thoughts = self._of(event.choice)
                before = thoughts.interrupt(event.choice)
                thoughts.end_block()
                return (*before, event)
            case Refusal() | ToolPart() | Finish():
                return (*self._of(event.choice).interrupt(event.choice), event)
            case Opaque() | PromptEcho() | UsageReported():
                return (event,)
            case _:
                assert_never(event)

    def _of(self, choice: int) -> ThinkTagParser:
        if choice not in self._choices:
            self._choices[choice] = ThinkTagParser(begun=self._begun)
        return self._choices[choice]

    def _tagged(self, event: ChatEvent) -> Iterator[ChatEvent]:
        """Yield an event for content that shows reasoning within tags."""
        if isinstance(event, Reasoning):
            if event.text:
                opening = "" if event.choice in self._open else f"{OPENING}\n"
                self._open.add(event.choice)
                yield Text(event.choice, opening + event.text, event.tokens)
            return
        if (
            not isinstance(event, Opaque | PromptEcho | UsageReported)
            and event.choice in self._open
        ):
            self._open.remove(event.choice)
            after = "" if isinstance(event, Finish) else "\n\n"
            yield Text(event.choice, f"\n{CLOSING}{after}", 0)
        yield event


def _hidden(batch: EventBatch) -> Iterator[ChatEvent]:
    """Yield a batch without reasoning, in words of any kind; signatures of reasoning stay."""
    for event in batch:
        if isinstance(event, Opaque):
            if (kept := event.without_reasoning) is not None:
                yield kept
        elif not isinstance(event, Reasoning):
            yield event


def think(
    model: Model, request: ChatRequest
) -> tuple[ChatRequest, ReasoningFilter | None, tuple[str, ...]]:
    """Return the request as its model is told how to think, the way of its reasoning, and ignored fields.

    An answer that may hold reasoning is read as a stream, however its caller reads it: only pieces
    that come one by one tell how many of its tokens are reasoning.
    """
    wish, habits = request.options.reasoning or _NO_REASONING_OPTIONS, model.reasoning
    off = wish.off or wish.effort == "none"
    hidden = off or wish.strip
    if habits is None:
        bare = _wishing(request, replace(request.options, reasoning=None))
        return bare, ReasoningFilter() if hidden else None, _ignored(wish)
    if off:
        told, ignored = _switched_off(habits, request), _ignored(wish)
    else:
        told, ignored = _weighed(habits, request, wish)
    # A template that is told to switch thinking off closes the block that it opens.
    begun = habits.begun and not (
        off and habits.switch in {ReasoningSwitch.TEMPLATE, ReasoningSwitch.EFFORT}
    )
    if habits.tags and (begun or not off) and _is_bound(request.options):
        told = _wishing(told, replace(told.options, format_after=CLOSING))
    # What is promised of content in an output format holds for all of it.
    formed = request.options.output_format is not None
    shown = None if hidden else ReasoningField.FIELD if formed else habits.shown
    thinking = ReasoningFilter(tags=habits.tags, begun=begun, shown=shown)
    return replace(told, stream=True), thinking, ignored


def _is_bound(options: ChatOptions) -> bool:
    """Whether engines may have to hold what comes after the reasoning to an output format."""
    tool_options = options.tool_options
    return options.output_format is not None or (
        tool_options is not None and bool(tool_options.callable)
    )


def _weighed(
    habits: ReasoningProfile, request: ChatRequest, wish: ReasoningOptions
) -> tuple[ChatRequest, tuple[str, ...]]:
    """Return the request with as much thinking as the model offers, and what it has no use for."""
    effort = None if wish.effort is None else _nearest(wish.effort, habits.efforts)
    asked = replace(wish, off=False, strip=False, effort=effort, effort_field="reasoning_effort")
    ignored = (wish.effort_field,) if effort is None and wish.effort is not None else ()
    return _wishing(
        request,
        replace(request.options, reasoning=None if asked == _NO_REASONING_OPTIONS else asked),
    ), ignored


def _switched_off(habits: ReasoningProfile, request: ChatRequest) -> ChatRequest:
    """Return the request with its model told not to think, if it listens to that."""
    options = replace(request.options, reasoning=None)
    match habits.switch:
        case ReasoningSwitch.NOT:
            return _wishing(request, options)
        case ReasoningSwitch.TEMPLATE:
            switches = {**options.template_variables, habits.switch_name: False}
            return _wishing(request, replace(options, template_variables=switches))
        case ReasoningSwitch.PROMPT:
            messages = _ended_by(habits.switch_name, request.messages)
            return _wishing(replace(request, messages=messages), options)
        case ReasoningSwitch.EFFORT:
            return _wishing(request, replace(options, reasoning=ReasoningOptions(effort="none")))
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


def _ignored(wish: ReasoningOptions) -> tuple[str, ...]:
    """Return the fields that mean nothing where there is nothing to weigh."""
    names: list[str] = [] if wish.effort in {None, "none"} else [wish.effort_field]
    if wish.summary not in {None, "none"} and "reasoning" not in names:
        names.append("reasoning")
    if wish.budget_tokens is not None:
        names.append("reasoning.max_tokens")
    if wish.on:
        names.append("reasoning.enabled")
    return tuple(names)


def _wishing(request: ChatRequest, options: ChatOptions) -> ChatRequest:
    return replace(request, options=NO_OPTIONS if options == NO_OPTIONS else options)
