"""Values that discovery finds, each checked before it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.dialects import DialectName

Row: TypeAlias = Mapping[str, Any]
"""A JSON object as an engine sent it."""

MOST_TOKENS = 2**31 - 1
MOST_DIMENSIONS = 65_536
LONGEST_NAME = 200
LONGEST_TEMPLATE = 64 * 2**10
_LEAST_CONTEXT = 16


MOST_MODELS = 500
"""Models of one engine; further ones are skipped."""


@dataclass(frozen=True, slots=True)
class FoundImages:
    """Facts that an engine reports of a model that makes images."""

    width: int
    """Of requests without one."""
    height: int
    steps: int = 20
    longest_side: int | None = None
    divisor: int = 8


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model that an engine says it serves; None and False are what it does not say."""

    name: str
    """The engine's own."""
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    embeds: bool = False
    dimensions: int | None = None
    vision: bool = False
    audio: bool = False
    video: bool = False
    function_calling: bool = False
    thinks: bool = False
    log_probs: bool = False
    response_schema: bool = False
    template: str | None = None
    """Its chat template, in Jinja."""
    images: FoundImages | None = None
    """None: it makes none."""


@dataclass(frozen=True, slots=True)
class FoundEngine:
    """Answer of an engine to discovery."""

    dialect: DialectName
    models: tuple[FoundModel, ...]
    warnings: tuple[str, ...]
    """A line for each model that was passed over."""


def row_of(value: object) -> Row:
    """Return a JSON object, or an empty one where the value is none."""
    return value if isinstance(value, dict) else {}


def rows_of(value: object) -> list[Row]:
    """Return the objects of a JSON list, or none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def words_of(value: object) -> frozenset[str]:
    """Return the texts of a JSON list, or none."""
    found = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
    return frozenset(found)


def tokens_of(value: object) -> int | None:
    """Return a length of a context or an output that can be worked with."""
    number = whole(value, MOST_TOKENS)
    return number if number is not None and number >= _LEAST_CONTEXT else None


def name_of(value: object) -> str | None:
    """Return a model's name, or None where it is none that can be sent, shown and written."""
    sound = isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()
    return value if sound and isinstance(value, str) and value.strip() == value else None
