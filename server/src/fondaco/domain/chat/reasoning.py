"""Reasoning: the options of a request, and the profile of a model that reasons.

Source: overview/guides/reasoning-models.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""In ascending order."""
Summary: TypeAlias = Literal["auto", "concise", "detailed", "none"]


class ReasoningSwitch(StrEnum):
    """Ways to turn reasoning off."""

    NOT = "not"
    """It cannot be turned off: reasoning is only removed from the output."""
    TEMPLATE = "template"
    """By a variable of the chat template."""
    PROMPT = "prompt"
    """By a word in the last user message."""
    EFFORT = "effort"
    """By reasoning effort `none`."""


class ReasoningField(StrEnum):
    """The field of a response that carries reasoning."""

    FIELD = "reasoning_content"
    CONTENT = "content"
    """Inside `<think>` tags."""


@dataclass(frozen=True, slots=True)
class ReasoningProfile:
    """Markers of a model's reasoning, and the way to turn reasoning off."""

    tags: bool = True
    """Whether the engine returns reasoning within the text, inside `<think>` tags."""
    opens_think_tag: bool = False
    """Whether the chat template opens the `<think>` tag, so that output starts inside it."""
    shown: ReasoningField = ReasoningField.FIELD
    switch: ReasoningSwitch = ReasoningSwitch.NOT
    switch_name: str = "enable_thinking"
    """The template variable that is set to false; or the word, such as `/no_think`."""
    efforts: tuple[Effort, ...] = ()
    """Efforts that the engine accepts; empty: none."""


@dataclass(frozen=True, slots=True)
class ReasoningOptions:
    """Reasoning options of a request."""

    off: bool = False
    """Turn reasoning off, and remove it from the output if there is any."""
    strip: bool = False
    """Remove reasoning from the output."""
    effort: Effort | None = None
    effort_field: Literal["reasoning_effort", "reasoning"] = "reasoning_effort"
    """The field in which the caller gave the effort."""
    summary: Summary | None = None
    budget_tokens: int | None = None
    """Limit of reasoning tokens."""
    on: bool = False
    """Reasoning was requested explicitly; reasoning models reason by default."""
