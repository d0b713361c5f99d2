"""Accounts as the server's operator sees them, and what may be changed of them."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema
from pydantic.config import JsonDict

from fondaco.domain.money.account import LONGEST_ACCOUNT_NAME, LONGEST_GRANT_NOTES
from fondaco.domain.plain_text import plain_name, plain_text
from fondaco.http.apis.venice.billing.schemas import Pagination
from fondaco.http.endpoint.endpoint import PathParameter
from fondaco.http.endpoint.fields import Amount, PositiveAmount, Schema, Strict

EXAMPLE_NAME = "research"
NAME = PathParameter("The account's name; percent-encoded where need be.", EXAMPLE_NAME)
_EXAMPLE: JsonDict = {
    "name": EXAMPLE_NAME,
    "usd": 15,
    "diem": 5,
    "diemAllocation": 5,
    "tier": "paid",
    "disabled": False,
    "createdAt": "2026-11-27T09:00:00.000Z",
    "wallet": None,
    "keys": 2,
    "lastUsedAt": "2026-11-27T09:30:00.000Z",
}


def _name(text: str) -> str:
    return plain_name(text, LONGEST_ACCOUNT_NAME)


def _notes(text: str) -> str:
    return plain_text(text, LONGEST_GRANT_NOTES)


AccountName = Annotated[
    str,
    AfterValidator(_name),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_ACCOUNT_NAME,
            "pattern": r"^[0-9A-Za-z]([!-~]| [!-~])*$",
        }
    ),
]
"""The server accepts more than the pattern: letters and digits of any single script."""
Notes = Annotated[
    str,
    AfterValidator(_notes),
    WithJsonSchema({"type": "string", "maxLength": LONGEST_GRANT_NOTES, "pattern": "^[ -~]*$"}),
]
Tier = Annotated[
    str,
    Field(
        description="Tier, which sets the account's rate limits; GET /api/v1/operator/tiers lists them.",
        max_length=LONGEST_ACCOUNT_NAME,
        examples=["paid"],
    ),
]


class AccountsQuery(Strict):
    """Selects a page."""

    limit: Annotated[int, Field(strict=False)] = Field(
        500, ge=1, le=1000, description="Accounts per page."
    )
    page: Annotated[int, Field(strict=False)] = Field(
        1, ge=1, le=10**9, description="Number of the page, from 1."
    )


class NewAccountRequest(Strict):
    """The account to create."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": EXAMPLE_NAME, "usd": 10, "diemAllocation": 5, "tier": "paid"},
            ]
        }
    )

    name: AccountName = Field(description="Name that no other account has.")
    usd: Amount = Field(0, description="Initial balance in USD.")
    diemAllocation: Amount = Field(0, description="DIEM at the start of each day (UTC).")  # noqa: N815
    tier: Tier = "paid"


class AccountChangeRequest(Strict):
    """Changes of an account; what is absent or null stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tier": "paid"}]})

    tier: Tier | None = None
    disabled: bool | None = Field(
        None, description="Whether the account and its keys are refused from now on."
    )
    diemAllocation: Amount | None = Field(  # noqa: N815
        None,
        description="DIEM at the start of each day (UTC): more counts at once, less from the next day.",
    )


class GrantRequest(Strict):
    """Funds for an account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"usd": 5, "notes": "Invoice 17"}]})

    usd: PositiveAmount = Field(description="USD that is added to the balance.")
    notes: Notes = Field("", description="Reason, which the ledger keeps.")


class AccountEntry(Schema):
    """An account."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: str
    usd: float = Field(description="Balance in USD, exact to nine decimals.")
    diem: float = Field(description="Balance in DIEM of the current day, likewise.")
    diemAllocation: float = Field(description="DIEM at the start of each day (UTC).")  # noqa: N815
    tier: str
    disabled: bool = Field(description="Whether the account and its keys are refused.")
    createdAt: str  # noqa: N815
    wallet: str | None = Field(description="Address of the wallet that the account belongs to.")
    keys: int = Field(description="API keys that can be used.")
    lastUsedAt: str | None = Field(  # noqa: N815
        description="The last use of one of its keys, some seconds behind."
    )


class AccountList(Schema):
    """A page of accounts, ordered by name."""

    data: list[AccountEntry]
    pagination: Pagination


class TierEntry(Schema):
    """A tier of the configuration."""

    id: str
    isCharged: bool = Field(description="Whether calls cost money.")  # noqa: N815


class TierList(Schema):
    """All tiers, ordered by id."""

    data: list[TierEntry]


class LoginLink(Schema):
    """A link that logs a browser in to an account, once."""

    account: str
    url: str = Field(
        description="The dashboard's address, with the login token.",
        examples=["http://127.0.0.1:8000/?login=fondaco_l_TOKEN"],
    )
    expiresAt: str = Field(examples=["2026-11-27T09:10:00.000Z"])  # noqa: N815
