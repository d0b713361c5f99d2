"""Output formats: JSON object, JSON Schema, regular expression, choices or grammar.

Source: POST /chat/completions, `response_format`; POST /v4/beta/chat/completions, `guided_json`,
`guided_regex`, `guided_choice`, `guided_grammar`.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class JsonObject:
    """Any JSON object."""


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """JSON that fits a schema."""

    schema: str
    """As JSON text."""
    name: str = "answer"
    description: str | None = None
    strict: bool | None = None
    whitespace: str | None = None
    """A regular expression of what may stand between its tokens; None: the engine decides."""
    field_path: str = "response_format.json_schema"
    """The path of its field in the request, for errors."""


@dataclass(frozen=True, slots=True)
class Regex:
    """Text that a regular expression matches from end to end, as Python's `re.fullmatch` does."""

    pattern: str
    field_path: str = "guided_regex"
    """As for a `JsonSchema`."""


@dataclass(frozen=True, slots=True)
class Choices:
    """One of a few texts."""

    options: tuple[str, ...]
    """At least one."""
    field_path: str = "guided_choice"
    """As for a `JsonSchema`."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """Text that the rules of a grammar produce."""

    rules: str
    """In Lark, from `start`; or in GBNF, from `root`."""
    field_path: str = "guided_grammar"
    """As for a `JsonSchema`."""


Constraint: TypeAlias = Regex | Choices | Grammar
"""A constraint on output that is not JSON."""
OutputFormat: TypeAlias = JsonObject | JsonSchema | Constraint
