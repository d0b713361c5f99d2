"""Charges as GET /billing/usage shows them.

Source: GET /billing/usage.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema, model_validator

from fondaco.http.schemas.fields import Strict

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def _instant(text: object) -> object:
    """Return the moment that a text names; an offset's `+` may have become a space on its way."""
    if not isinstance(text, str):
        return text
    try:
        at = datetime.fromisoformat(text.strip().replace(" ", "+" if "T" in text else " "))
    except ValueError:
        raise ValueError(
            "Write a date or a time as ISO 8601 has it: 2025-01-31T12:00:00Z"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}),
]
Count = Annotated[int, Field(strict=False)]


class UsageQuery(Strict):
    """Which charges to show."""

    currency: Literal["USD", "VCU", "DIEM"] | None = Field(
        None, description="Only charges in this currency; nothing is charged in VCU any more."
    )
    startDate: Instant | None = Field(  # noqa: N815  # the wire's name, as below
        None, description="Only charges at or after this time; UTC where it has no offset."
    )
    endDate: Instant | None = Field(  # noqa: N815
        None, description="Only charges at or before this time."
    )
    limit: Count = Field(200, ge=1, le=500, description="Charges on a page.")
    page: Count = Field(1, ge=1, le=10**9, description="Which page, from 1.")
    sortOrder: Literal["asc", "desc"] = Field(  # noqa: N815
        "desc", description="By time: the oldest or the newest first."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.startDate and self.endDate and self.startDate > self.endDate:
            raise ValueError("startDate is after endDate.")
        return self

    @property
    def since_ms(self) -> int | None:
        """The first millisecond within the dates, Unix time."""
        return None if self.startDate is None else -((_START - self.startDate) // _MILLISECOND)

    @property
    def until_ms(self) -> int | None:
        """The last millisecond within the dates, Unix time."""
        return None if self.endDate is None else (self.endDate - _START) // _MILLISECOND


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
