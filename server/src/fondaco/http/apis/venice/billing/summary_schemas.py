"""The query and the response of GET /billing/usage/summary."""

from typing import Annotated, Self

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from fondaco.http.apis.venice.billing.schemas import First, Last
from fondaco.http.endpoint.fields import Schema, Strict
from fondaco.ports import UsageField

LISTS = frozenset({"groupBy"})
"""Fields that may be repeated."""

_NAMES = ", ".join(UsageField)
_NAME = f"({'|'.join(UsageField)})"


def _fields(text: object) -> object:
    """Split a list; an empty text is an empty list."""
    if not isinstance(text, str):
        return text
    names = text.split(",") if text else []
    try:
        return frozenset(map(UsageField, names))
    except ValueError:
        raise ValueError(
            f"Write none or several of {_NAMES}, separated by commas: day,model."
        ) from None


GroupBy = Annotated[
    frozenset[UsageField],
    BeforeValidator(_fields),
    WithJsonSchema({"type": "string", "pattern": f"^({_NAME}(,{_NAME})*)?$"}),
]


class UsageSummaryQuery(Strict):
    """Selects charges, and what they are summed up by."""

    startDate: First | None = Field(  # noqa: N815  # the wire's names
        None,
        description="Only charges at or after this time; a date stands for its first moment. UTC unless "
        "an offset is given. Default: 29 days before the day of endDate, so that both make 30 days.",
    )
    endDate: Last | None = Field(  # noqa: N815
        None,
        description="Only charges at or before this time; a date stands for its last moment. Default: now.",
    )
    groupBy: GroupBy = Field(  # noqa: N815
        frozenset({UsageField.DAY}),
        examples=["day,model"],
        description=f"Fields to sum up by: none or several of {_NAMES}, separated by commas or repeated. "
        "Empty: one sum of all.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.startDate is None or self.endDate is None or self.startDate <= self.endDate:
            return self
        raise ValueError("startDate is after endDate.")


class UsageSumEntry(Schema):
    """The sum of one group of charges; it has the fields that `groupBy` names."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "date": "2026-11-27",
                    "model": "smollm2-135m",
                    "calls": 3,
                    "usd": 0.000123,
                    "diem": 0,
                }
            ]
        }
    )

    date: str | None = Field(None, description="Day in UTC, such as 2026-11-27. Only by `day`.")
    model: str | None = Field(None, description="Id of the model. Only by `model`.")
    keyId: str | None = Field(  # noqa: N815
        None, description="Id of the API key, revoked or not. Only by `key`."
    )
    keyDescription: str | None = Field(None, description="Likewise.")  # noqa: N815
    sku: str | None = Field(None, description="Only by `sku`.")
    units: float | None = Field(
        None,
        description="Quantity in the unit of the SKU's price: million tokens, or images. Only by `sku`.",
    )
    calls: int = Field(description="Calls with a charge in this group.")
    usd: float = Field(description="USD that was spent, exact to nine decimals.")
    diem: float = Field(description="DIEM that was spent, likewise.")


class UsageSummary(Schema):
    """Sums of charges, ordered by day, model, key and SKU."""

    data: list[UsageSumEntry]
