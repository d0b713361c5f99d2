"""Forms: what an answer has to look like.

Source: POST /chat/completions, `response_format`.
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


Form: TypeAlias = JsonObject | JsonSchema
