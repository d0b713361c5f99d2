"""Charges of an account.

Source: GET /billing/usage, GET /billing/usage/summary.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias, TypedDict

from venice_ai.types._camel import Camel
from venice_ai.types._exact import ExactReply
from venice_ai.types.api.paging import Pagination

__all__ = [
    "InferenceDetails",
    "UsageEntry",
    "UsageFilters",
    "UsageGroup",
    "UsagePage",
    "UsageSum",
    "UsageSummary",
]

UsageGroup: TypeAlias = Literal["day", "model", "key", "sku"]


class UsageFilters(TypedDict, total=False):
    """Filters and order of charges."""

    currency: Literal["USD", "DIEM", "VCU"] | None
    start_date: date | str | None
    """From then on: a time with its zone, a date for its first moment in UTC, or ISO 8601."""
    end_date: date | str | None
    """Until then; a date is in it with its whole day in UTC."""
    sort_order: Literal["asc", "desc"] | None
    """`asc` for the oldest first; default: the newest first."""
    limit: int | None
    """Charges per page, at most 500; default: 200."""
    page: int | None
    """From 1."""


class InferenceDetails(Camel):
    """The call behind a charge."""

    request_id: str | None = None
    """The `id` of its reply."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    inference_execution_time: float | None = None
    """Milliseconds."""


class UsageEntry(Camel):
    """A charge."""

    timestamp: datetime
    sku: str
    """The SKU of the charge, such as `qwen3-4b-llm-output-mtoken`."""
    units: Decimal
    """In the unit of the price: millions of tokens or characters, images."""
    price_per_unit_usd: Decimal
    amount: Decimal
    """Negative: the amount charged to the balance."""
    currency: str
    notes: str = ""
    inference_details: InferenceDetails | None = None


class UsagePage(ExactReply, Camel):
    """A page of charges."""

    data: list[UsageEntry]
    pagination: Pagination
    warning_message: str | None = None


class UsageSum(Camel):
    """Charges of a group added up; it has the fields that were grouped by."""

    date: str | None = None
    """The day in UTC, such as `2026-11-27`."""
    model: str | None = None
    key_id: str | None = None
    key_description: str | None = None
    sku: str | None = None
    units: Decimal | None = None
    """In what the price of the SKU is quoted for; None unless charges were grouped by SKU."""
    calls: int
    usd: Decimal
    """Sum of the charges, as a positive number."""
    diem: Decimal


class UsageSummary(ExactReply):
    """Charges added up by group."""

    data: list[UsageSum]
