"""Rules: a pattern of words, and the operations that they ask for."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from fondaco.engines.editor.instructions.operations import Operation


class Position(Enum):
    """Position of a rule's words within a part of an instruction."""

    ANYWHERE = auto()
    VERB = auto()
    """At its beginning, politeness aside."""
    ALONE = auto()
    """They are all of it, politeness aside."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Words that ask for something."""

    pattern: str
    """Of a normalized instruction; it ends where a word ends."""
    build: "Callable[[re.Match[str]], tuple[Operation, ...]]"
    """Returns what a match asks for; nothing if it is no sense after all."""
    position: Position = Position.ANYWHERE
    compiled: "re.Pattern[str]" = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(rf"(?:{self.pattern})(?= |$)"))
