"""A rule of text normalisation: a pattern and its spoken replacement."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

Replacement: TypeAlias = str | Callable[[re.Match[str]], str]


@dataclass(frozen=True, slots=True)
class ReadingRule:
    """One rule. Patterns take time that grows with the text alone: no part of them repeats another."""

    pattern: re.Pattern[str]
    replacement: Replacement

    @classmethod
    def of(cls, pattern: str, replacement: Replacement) -> "ReadingRule":
        """Return the rule of a pattern in verbose notation, where a space is written as `[ ]`."""
        return cls(re.compile(pattern, re.VERBOSE), replacement)


def applied(rules: Iterable[ReadingRule], text: str) -> str:
    """Return a text after some rules, one after the other."""
    for rule in rules:
        text = rule.pattern.sub(rule.replacement, text)
    return text


def spelled(digits: str) -> str:
    """Return digits so that each is spoken separately.

    >>> spelled("007")
    '0 0 7'
    """
    return " ".join(digits)
