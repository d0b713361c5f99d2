"""Field types of request schemas: bounded numbers and strings, amounts of money."""

from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from fondaco.domain.money.money import LARGEST, NANO, nano


class Schema(BaseModel):
    """A body of a request or a response, or a part of one.

    What validates it is built with its first use: most are only there to be documented, and building
    all of them takes a seventh of the time and of the memory of a start.
    """

    model_config = ConfigDict(defer_build=True)


class Strict(Schema):
    """A part of a request that allows no conversion and no unknown field."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class Open(Schema):
    """A part of a request that allows unknown fields, because real clients send them."""

    model_config = ConfigDict(strict=True, extra="allow", hide_input_in_errors=True)


ItemT = TypeVar("ItemT")
Many = Annotated[list[ItemT], Field(fail_fast=True)]
"""A list of any length, of whose faulty items only the first is reported: a body may hold millions, and
reporting them all would take seconds and hundreds of megabytes."""


VARIANT = "variant:"
"""Begins the `Tag` of a type that a field may have; no caller wrote it, so no fault's path shows it."""


class Untouched(Open):
    """A part of a request that is passed to an engine unchanged: none of its fields counts as unknown."""


Temperature = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Penalty = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
Repetition = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
TokenId = Annotated[int, Field(ge=0, lt=2**31)]
Tokens = Annotated[int, Field(ge=1, lt=2**31)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
StopText = Annotated[str, Field(min_length=1, max_length=1000)]
FileOrText = Annotated[
    bytes | str,
    WithJsonSchema({"anyOf": [{"type": "string", "format": "binary"}, {"type": "string"}]}),
]
"""A file of a form, or a text: JSON has texts alone."""

_MOST = LARGEST // NANO


def _nano(value: object) -> int:
    """Return an amount in nano-units; decimals are exact."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        try:
            return nano(value)
        except ValueError:
            pass
    raise ValueError(f"Write a number from 0 to {_MOST:,} with at most 9 decimals.")


def _positive_nano(value: object) -> int:
    if amount := _nano(value):
        return amount
    raise ValueError(f"Write a number above 0, up to {_MOST:,}, with at most 9 decimals.")


Amount = Annotated[
    int,
    BeforeValidator(_nano),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": _MOST}),
]
"""Nano-units, as a decimal number on the wire; the body is read with `decimals=True`."""

PositiveAmount = Annotated[
    int,
    BeforeValidator(_positive_nano),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": _MOST}),
]
"""Likewise, and not zero."""
