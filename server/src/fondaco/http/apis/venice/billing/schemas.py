"""The query and the response of GET /billing/usage.

Source: GET /billing/usage.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from fondaco.domain.timestamps import first_ms, last_ms
from fondaco.http.endpoint.fields import Schema, Strict

_ISO_8601 = WithJsonSchema(
    {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
)


def _read(read: Callable[[str], int], text: object) -> object:
    """Parse a time; the `+` of its offset may have been decoded to a space."""
    if not isinstance(text, str):
        return text
    return read(text.strip().replace(" ", "+" if "T" in text else " "))


First = Annotated[int, BeforeValidator(partial(_read, first_ms)), _ISO_8601]
Last = Annotated[int, BeforeValidator(partial(_read, last_ms)), _ISO_8601]
"""Unix milliseconds; on the wire a date or a date-time."""
Count = Annotated[int, Field(strict=False)]


class UsageQuery(Strict):
    """Selects charges."""

    currency: Literal["USD", "VCU", "DIEM"] | None = Field(
        None, description="Only charges in this currency; VCU, the former name of DIEM, has none."
    )
    startDate: First | None = Field(  # noqa: N815  # the wire's name, as below
        None,
        description="Only charges at or after this time; a date stands for its first moment. UTC unless "
        "an offset is given.",
    )
    endDate: Last | None = Field(  # noqa: N815
        None,
        description="Only charges at or before this time; a date stands for its last moment.",
    )
    limit: Count = Field(200, ge=1, le=500, description="Charges per page.")
    page: Count = Field(1, ge=1, le=10**9, description="Number of the page, from 1.")
    sortOrder: Literal["asc", "desc"] = Field(  # noqa: N815
        "desc", description="Order by time: oldest or newest first."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.startDate is None or self.endDate is None or self.startDate <= self.endDate:
            return self
        raise ValueError("startDate is after endDate.")


class InferenceDetails(Schema):
    """The call behind a charge."""

    completionTokens: int | None  # noqa: N815
    inferenceExecutionTime: int | None = Field(description="In milliseconds.")  # noqa: N815
    promptTokens: int | None  # noqa: N815
    requestId: str | None  # noqa: N815


class UsageEntry(Schema):
    """A charge."""

    amount: float = Field(description="Amount of the charge; negative.")
    currency: Literal["USD", "VCU", "DIEM"]
    inferenceDetails: InferenceDetails | None  # noqa: N815
    notes: str
    pricePerUnitUsd: float  # noqa: N815
    sku: str
    timestamp: str
    units: float = Field(
        description="Quantity in the unit of the price: million tokens, or images."
    )


class Pagination(Schema):
    """Position of a page among all."""

    limit: int
    page: int
    total: int
    totalPages: int  # noqa: N815


class UsagePage(Schema):
    """A page of charges."""

    data: list[UsageEntry]
    pagination: Pagination
