"""Fields: the bounded number and text types that requests are made of."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A part of a request: no conversions, and no field that the contract lacks."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class Open(BaseModel):
    """A part of a request that real clients fill with more fields than the contract has."""

    model_config = ConfigDict(strict=True, extra="allow", hide_input_in_errors=True)


ItemT = TypeVar("ItemT")
Many = Annotated[list[ItemT], Field(fail_fast=True)]
"""A list of any length: of its faulty items only the first is named, since a body has room for
millions, and finding them all would take seconds and hundreds of megabytes."""


VARIANT = "variant:"
"""Begins the `Tag` of a type that a field may have; no caller wrote it, so no fault's path shows it."""


class Untouched(Open):
    """A part of a request that an engine gets as it is: none of its fields is unknown."""


Temperature = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Penalty = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
Repetition = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
TokenId = Annotated[int, Field(ge=0, lt=2**31)]
Tokens = Annotated[int, Field(ge=1, lt=2**31)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
StopText = Annotated[str, Field(min_length=1, max_length=1000)]
