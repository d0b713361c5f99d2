"""Base of all tables of the configuration."""

import ipaddress
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticKnownError

from fondaco import patterns

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=16, decimal_places=9)]
ImageMoney = Annotated[Decimal, Field(ge=0, le=1_000, max_digits=13, decimal_places=9)]
"""Of one image, or of one second of sound: a million of them still fit the ledger's 64 bits."""
Count = Annotated[int, Field(ge=1, le=1_000_000_000_000)]
Name = Annotated[str, Field(pattern=patterns.NAME)]
ModelId = Annotated[str, Field(pattern=patterns.MODEL_ID)]


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"not an address or network: {error}") from None
    return text


Network = Annotated[str, AfterValidator(_network)]
"""An IP address, or a network such as `10.0.0.0/8`."""


_FRACTIONS = (float, Decimal, float | None, Decimal | None)
_WHOLE = (int, int | None)


class Section(BaseModel):
    """A table of the configuration: unknown keys are refused, values never change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _expect_no_switch(cls, value: object, info: ValidationInfo) -> object:
        """Refuse `true` as a number: pydantic takes it for 1, and a price of 1 is not meant."""
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation in _WHOLE + _FRACTIONS:
            raise PydanticKnownError("int_type" if field.annotation in _WHOLE else "float_type")
        return value
