"""Name patterns: aliases with `*`, which route a family of names, such as `gpt-*`, to one model."""

from collections.abc import Mapping
from dataclasses import dataclass

WILDCARD = "*"
LEAST_LITERALS = 2
"""Characters that a pattern has beside its wildcards at least: a shorter one would match nearly any name."""
_LONGEST_NAME = 200
"""Characters of the longest name that patterns match, so that a caller's long one costs nothing."""


@dataclass(frozen=True, slots=True)
class NamePattern:
    """One pattern: its literal parts, between wildcards, in lower case."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "NamePattern":
        """Return the pattern that a text such as `gpt-*-mini*` describes."""
        return cls(tuple(text.lower().split(WILDCARD)))

    @property
    def literals(self) -> int:
        """The number of characters that are not wildcards."""
        return sum(map(len, self.parts))

    def matches(self, name: str) -> bool:
        """Whether a name, in lower case, fits; in time linear in its length.

        >>> NamePattern.of("gpt-*-mini*").matches("gpt-5-mini-2025-08-07")
        True
        >>> NamePattern.of("gpt-*").matches("chatgpt-4o-latest")
        False
        """
        first, *middle, last = self.parts
        if not name.startswith(first):
            return False
        at = len(first)
        for part in middle:
            found = name.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        return name.endswith(last) and at + len(last) <= len(name)


class NamePatterns:
    """Patterns and their targets; of several matches, the one with the most literal text wins."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        """Take pattern -> id or trait of the model that serves the names that match it."""
        found = ((NamePattern.of(pattern), target) for pattern, target in targets.items())
        self._targets = tuple(sorted(found, key=lambda one: -one[0].literals))

    def target(self, name: str) -> str | None:
        """Return the target of a name; None: no pattern matches.

        >>> NamePatterns({"gpt-*": "default", "gpt-*-mini": "fastest"}).target("GPT-5-mini")
        'fastest'
        """
        if len(name) > _LONGEST_NAME:
            return None
        lowered = name.lower()
        return next((target for pattern, target in self._targets if pattern.matches(lowered)), None)
