"""Thinking: what a caller wants of a model's reasoning, and what habits a model has with it.

Source: overview/guides/reasoning-models.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""From the least to the most."""
Summary: TypeAlias = Literal["auto", "concise", "detailed", "none"]


class Switch(StrEnum):
    """How a model's thinking is switched off."""

    NOT = "not"
    """It is not: what it thinks is only taken out of its answers."""
    TEMPLATE = "template"
    """By a variable of its chat template."""
    PROMPT = "prompt"
    """By a word in the latest user message."""
    EFFORT = "effort"
    """By the effort `none`."""


class Shown(StrEnum):
    """Where callers find what a model thinks."""

    FIELD = "reasoning_content"
    CONTENT = "content"
    """Within `<think>` tags."""


@dataclass(frozen=True, slots=True)
class ReasoningProfile:
    """How a model thinks, and how it is told not to."""

    tags: bool = True
    """Whether its engine leaves its thoughts in the text, within `<think>` tags."""
    begun: bool = False
    """Whether its template opens the first thought, so that an answer begins within it."""
    shown: Shown = Shown.FIELD
    switch: Switch = Switch.NOT
    switch_name: str = "enable_thinking"
    """Of the template's variable, which is false then; or the word, such as `/no_think`."""
    efforts: tuple[Effort, ...] = ()
    """Those that its engine takes; empty: it thinks as much as it likes."""


@dataclass(frozen=True, slots=True)
class ReasoningOptions:
    """What a turn wants of its model's thinking."""

    off: bool = False
    """Not to think, and to show nothing if it does."""
    strip: bool = False
    """To show nothing of it."""
    effort: Effort | None = None
    effort_field: Literal["reasoning_effort", "reasoning"] = "reasoning_effort"
    """Where its caller wrote the effort."""
    summary: Summary | None = None
    budget_tokens: int | None = None
    """The most tokens of thoughts."""
    on: bool = False
    """To think, said in so many words; a model that thinks does so anyway."""
