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
    """The reasoning of one call: parsed from the engine's output, and placed where the caller expects it."""

    __slots__ = ("_choices", "_inside", "_open", "_shown", "_tags")

    def __init__(
        self, *, tags: bool = False, inside: bool = False, shown: ReasoningField | None = None
    ) -> None:
        """Prepare.

        Args:
            tags: whether the engine leaves reasoning in the text.
            inside: whether answers start within it.
            shown: where it is shown; None: nowhere.
        """
        self._tags = tags
        self._inside = inside
        self._shown = shown
        self._choices: dict[int, ThinkTagParser] = {}
        self._open: set[int] = set()
        """Choices that stand within tags of ours."""

    def restarted(self) -> "ReasoningFilter":
        """Return the filter of another engine's answer to the same call."""
        return ReasoningFilter(tags=self._tags, inside=self._inside, shown=self._shown)

    def parse(self, batch: EventBatch) -> EventBatch:
        """Return a batch as it is counted: reasoning separated from text."""
        if not self._tags:
            return batch
        return tuple([event for unparsed in batch for event in self._parsed(unparsed)])

    def to_output(self, batch: EventBatch) -> EventBatch:
        """Return the caller's part of a parsed batch; may be empty."""
        if self._shown is ReasoningField.CONTENT:
            return tuple([event for parsed in batch for event in self._tagged(parsed)])
        if self._shown is None:
            return tuple(_hidden(batch))
        return tuple([e for e in batch if not isinstance(e, Reasoning) or e.text])

    def _parsed(self, event: ChatEvent) -> tuple[ChatEvent, ...]:
        match event:
            case Text():
                return self._parser(event.choice).feed(event)
            case Reasoning():
                parser = self._parser(event.choice)
                before = parser.interrupt(event.choice)
                parser.end_block()
                return (*before, event)
            case Refusal() | ToolPart() | Finish():
                return (*self._parser(event.choice).interrupt(event.choice), event)
            case Opaque() | PromptEcho() | UsageReported():
                return (event,)
            case _:
                assert_never(event)

    def _parser(self, choice: int) -> ThinkTagParser:
        if choice not in self._choices:
            self._choices[choice] = ThinkTagParser(inside=self._inside)
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
    """Return the request with the model's own reasoning switches, its filter, and ignored fields.

    An answer that may hold reasoning is read as a stream, however its caller reads it: only pieces
    that come one by one tell how many of its tokens are reasoning.
    """
    requested, profile = request.options.reasoning or _NO_REASONING_OPTIONS, model.reasoning
    off = requested.off or requested.effort == "none"
    hidden = off or requested.strip
    if profile is None:
        bare = _with_options(request, replace(request.options, reasoning=None))
        return bare, ReasoningFilter() if hidden else None, _ignored(requested)
    if off:
        instructed, ignored = _switched_off(profile, request), _ignored(requested)
    else:
        instructed, ignored = _with_effort(profile, request, requested)
    # A template with reasoning switched off closes the block that it opens.
    inside = profile.opens_think_tag and not (
        off and profile.switch in {ReasoningSwitch.TEMPLATE, ReasoningSwitch.EFFORT}
    )
    if profile.tags and (inside or not off) and _is_bound(request.options):
        instructed = _with_options(instructed, replace(instructed.options, format_after=CLOSING))
    # With an output format, the whole content must match it, so reasoning gets its own field.
    formed = request.options.output_format is not None
    shown = None if hidden else ReasoningField.FIELD if formed else profile.shown
    thinking = ReasoningFilter(tags=profile.tags, inside=inside, shown=shown)
    return replace(instructed, stream=True), thinking, ignored


def _is_bound(options: ChatOptions) -> bool:
    """Whether engines may have to hold what comes after the reasoning to an output format."""
    tool_options = options.tool_options
    return options.output_format is not None or (
        tool_options is not None and bool(tool_options.callable)
    )


def _with_effort(
    profile: ReasoningProfile, request: ChatRequest, requested: ReasoningOptions
) -> tuple[ChatRequest, tuple[str, ...]]:
    """Return the request with the nearest effort that the model offers, and the ignored fields."""
    effort = None if requested.effort is None else _nearest(requested.effort, profile.efforts)
    options = replace(
        requested, off=False, strip=False, effort=effort, effort_field="reasoning_effort"
    )
    ignored = (requested.effort_field,) if effort is None and requested.effort is not None else ()
    return _with_options(
        request,
        replace(request.options, reasoning=None if options == _NO_REASONING_OPTIONS else options),
    ), ignored


def _switched_off(profile: ReasoningProfile, request: ChatRequest) -> ChatRequest:
    """Return the request with reasoning switched off, where the model has a switch."""
    options = replace(request.options, reasoning=None)
    match profile.switch:
        case ReasoningSwitch.NOT:
            return _with_options(request, options)
        case ReasoningSwitch.TEMPLATE:
            switches = {**options.template_variables, profile.switch_name: False}
            return _with_options(request, replace(options, template_variables=switches))
        case ReasoningSwitch.PROMPT:
            messages = _ended_by(profile.switch_name, request.messages)
            return _with_options(replace(request, messages=messages), options)
        case ReasoningSwitch.EFFORT:
            return _with_options(
                request, replace(options, reasoning=ReasoningOptions(effort="none"))
            )
        case _:
            assert_never(profile.switch)


def _ended_by(word: str, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return a conversation whose latest user message, if there is one, ends with a word."""
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].role is Role.USER:
            content = messages[at].content
            ended = (*content, word) if isinstance(content, tuple) else f"{content or ''} {word}"
            return (*messages[:at], replace(messages[at], content=ended), *messages[at + 1 :])
    return messages


def _nearest(effort: Effort, offered: tuple[Effort, ...]) -> Effort | None:
    """Return the nearest effort that is offered, of two the lower; None if none is offered."""
    requested_rank = EFFORTS.index(effort)
    ranks = sorted(map(EFFORTS.index, offered))
    nearest = min(ranks, key=lambda rank: abs(rank - requested_rank), default=None)
    return None if nearest is None else EFFORTS[nearest]


def _ignored(requested: ReasoningOptions) -> tuple[str, ...]:
    """Return the requested fields that a model without efforts ignores."""
    names: list[str] = [] if requested.effort in {None, "none"} else [requested.effort_field]
    if requested.summary not in {None, "none"} and "reasoning" not in names:
        names.append("reasoning")
    if requested.budget_tokens is not None:
        names.append("reasoning.max_tokens")
    if requested.on:
        names.append("reasoning.enabled")
    return tuple(names)


def _with_options(request: ChatRequest, options: ChatOptions) -> ChatRequest:
    return replace(request, options=NO_OPTIONS if options == NO_OPTIONS else options)
