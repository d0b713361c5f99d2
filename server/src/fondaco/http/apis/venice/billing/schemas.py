"""Charges as GET /billing/usage shows them.

Source: GET /billing/usage.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema, model_validator

from fondaco.domain.timestamps import first_ms, last_ms
from fondaco.http.endpoint.fields import Strict

_ISO_8601 = WithJsonSchema(
    {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
)


def _read(read: Callable[[str], int], text: object) -> object:
    """Return the milliseconds that a text names; an offset's `+` may have become a space on its way."""
    if not isinstance(text, str):
        return text
    return read(text.strip().replace(" ", "+" if "T" in text else " "))


First = Annotated[int, BeforeValidator(partial(_read, first_ms)), _ISO_8601]
Last = Annotated[int, BeforeValidator(partial(_read, last_ms)), _ISO_8601]
"""Unix milliseconds; on the wire a date or a time."""
Count = Annotated[int, Field(strict=False)]


class UsageQuery(Strict):
    """Which charges to show."""

    currency: Literal["USD", "VCU", "DIEM"] | None = Field(
        None, description="Only charges in this currency; nothing is charged in VCU any more."
    )
    startDate: First | None = Field(  # noqa: N815  # the wire's name, as below
        None,
        description="Only charges at or after this time; a date is that day from its first moment. "
        "UTC where there is no offset.",
    )
    endDate: Last | None = Field(  # noqa: N815
        None,
        description="Only charges at or before this time; a date is that day to its last moment.",
    )
    limit: Count = Field(200, ge=1, le=500, description="Charges on a page.")
    page: Count = Field(1, ge=1, le=10**9, description="Which page, from 1.")
    sortOrder: Literal["asc", "desc"] = Field(  # noqa: N815
        "desc", description="By time: the oldest or the newest first."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.startDate is None or self.endDate is None or self.startDate <= self.endDate:
            return self
        raise ValueError("startDate is after endDate.")


class InferenceDetails(BaseModel):
    """The call behind a charge."""

    completionTokens: int | None  # noqa: N815
    inferenceExecutionTime: int | None = Field(description="In milliseconds.")  # noqa: N815
    promptTokens: int | None  # noqa: N815
    requestId: str | None  # noqa: N815


class UsageEntry(BaseModel):
    """A charge."""

    amount: float = Field(description="Negative: what was taken from the balance.")
    currency: Literal["USD", "VCU", "DIEM"]
    inferenceDetails: InferenceDetails | None  # noqa: N815
    notes: str
    pricePerUnitUsd: float  # noqa: N815
    sku: str
    timestamp: str
    units: float = Field(description="In what the price is quoted for: million tokens, images.")


class Pagination(BaseModel):
    """Where a page stands among all."""

    limit: int
    page: int
    total: int
    totalPages: int  # noqa: N815


class UsagePage(BaseModel):
    """A page of charges."""

    data: list[UsageEntry]
    pagination: Pagination
