"""The requests and responses of the endpoints of API keys.

Source: POST, GET, PATCH and DELETE /api_keys, and GET /api_keys/{id}.
"""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from pydantic.config import JsonDict

from fondaco.domain.money.account import ConsumptionLimit, KeyType
from fondaco.domain.plain_text import plain_text
from fondaco.http.endpoint.fields import Amount, Schema, Strict
from fondaco.http.endpoint.timestamps import unix_seconds
from fondaco.serving.access.api_keys import UNCHANGED, Change, LimitChange

_LONGEST_DESCRIPTION = 256
"""At least one visible character, and no control character."""
EXAMPLE_ID = "e28e82dc9df24b47b726d0a222ef2ab5"
"""No key has it: of a server's own keys the document knows none."""
_ENDS_AT = "2030-10-01T12:00:00.000Z"
_EXAMPLE: JsonDict = {
    "apiKeyType": "INFERENCE",
    "description": "Build server",
    "expiresAt": _ENDS_AT,
    "consumptionLimit": {"usd": 50, "diem": 10},
}
_EXAMPLE_CHANGE: JsonDict = {"id": EXAMPLE_ID, "description": "Test server"}
_ANY_END = r"^(\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{3})?Z)?)?$"


def _described(text: str) -> str:
    purpose = plain_text(text.strip(" \xa0"), _LONGEST_DESCRIPTION)
    if not purpose:
        raise ValueError("The description is empty. Say what the key is for.")
    return purpose


def _end(value: object) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return unix_seconds(value)
    raise ValueError("Write a date, or null for never.")


Description = Annotated[
    str,
    AfterValidator(_described),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": _LONGEST_DESCRIPTION,
            "pattern": "^[ -~]*[!-~][ -~]*$",
        }
    ),
]
"""The pattern tells less than is taken: any printable characters are."""

End = Annotated[
    float | None,
    BeforeValidator(_end),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _ANY_END}, {"type": "null"}]}),
]
"""Unix seconds, or None for never."""


class KeyLimits(Strict):
    """Spending limits of a key per epoch; null or absent: no limit."""

    usd: Amount | None = Field(
        None, description="Limit in USD, with up to 9 decimals.", examples=[50]
    )
    diem: Amount | None = Field(
        None, description="Limit in DIEM, with up to 9 decimals.", examples=[10]
    )
    vcu: Amount | None = Field(
        None,
        description="Stored and shown without effect: nothing is charged in VCU, the former name of DIEM.",
        examples=[30],
        json_schema_extra={"deprecated": True},  # with pydantic's `deprecated`, each access warns
    )

    @property
    def domain(self) -> ConsumptionLimit:
        """The limits in the domain."""
        return ConsumptionLimit(usd=self.usd, diem=self.diem, vcu=self.vcu)


class NewKeyRequest(Strict):
    """The key to create."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    apiKeyType: Literal["ADMIN", "INFERENCE"] = Field(  # noqa: N815  # the wire's name, as all below
        description="ADMIN keys may use every endpoint, INFERENCE keys only those of models."
    )
    description: Description = Field(description="Purpose of the key.", examples=["Build server"])
    expiresAt: End = Field(  # noqa: N815
        None,
        description="Expiry in UTC: a time, or a date for its first moment; empty, null or absent: the "
        "key does not expire.",
        examples=[_ENDS_AT, "2030-10-01", ""],
    )
    consumptionLimit: KeyLimits | None = Field(  # noqa: N815
        None, description="Spending limits per epoch."
    )


class KeyChangeRequest(Strict):
    """Changes to a key; fields that are absent stay unchanged."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE_CHANGE]})

    id: str = Field(
        description="The key's id, as GET /api/v1/api_keys lists it.", examples=[EXAMPLE_ID]
    )
    description: Description | None = Field(
        None, description="Purpose of the key; null leaves it unchanged."
    )
    expiresAt: End = Field(  # noqa: N815
        None,
        description="Expiry, as in POST; empty or null removes it.",
        examples=[_ENDS_AT, "2030-10-01", ""],
    )
    consumptionLimit: KeyLimits | None = Field(  # noqa: N815
        None,
        description="Spending limits per epoch; null removes one limit, or all; absent ones stay "
        "unchanged.",
    )

    @property
    def change(self) -> Change:
        """The change in the domain."""
        named = self.model_fields_set
        limits = self.consumptionLimit
        limit: LimitChange | None = LimitChange()
        if limits is not None:
            members = limits.model_fields_set
            limit = LimitChange(
                usd=limits.usd if "usd" in members else UNCHANGED,
                diem=limits.diem if "diem" in members else UNCHANGED,
                vcu=limits.vcu if "vcu" in members else UNCHANGED,
            )
        elif "consumptionLimit" in named:
            limit = None
        return Change(
            description=UNCHANGED if self.description is None else self.description,
            expires_at=self.expiresAt if "expiresAt" in named else UNCHANGED,
            limit=limit,
        )


class KeyQuery(Strict):
    """Selects a key."""

    id: str = Field(
        description="The key's id, as GET /api/v1/api_keys lists it.", examples=[EXAMPLE_ID]
    )


class ShownLimits(Schema):
    """Spending limits of a key per epoch; null: no limit."""

    usd: float | None = Field(ge=0, examples=[50])
    diem: float | None = Field(ge=0, examples=[10])
    vcu: float | None = Field(ge=0, deprecated=True, examples=[None])


class MadeKey(Schema):
    """A newly created key."""

    apiKey: str = Field(  # noqa: N815
        description="The secret. It is shown only once and is not stored."
    )
    apiKeyType: KeyType  # noqa: N815
    consumptionLimit: ShownLimits  # noqa: N815
    description: str
    expiresAt: str | None = Field(examples=[_ENDS_AT])  # noqa: N815
    id: str = Field(examples=[EXAMPLE_ID])


class MadeKeyReply(Schema):
    """The response to POST."""

    data: MadeKey
    success: Literal[True]


class Days(Schema):
    """Amounts as decimal strings."""

    usd: str = Field(examples=["10.2424"])
    vcu: str = Field(deprecated=True, examples=["0"])
    diem: str = Field(examples=["4.2231"])


class KeyUsage(Schema):
    """Amounts charged for the calls of the key."""

    trailingSevenDays: Days = Field(  # noqa: N815
        description="This epoch and the six before it."
    )


class KeyEntry(Schema):
    """A key, without its secret."""

    apiKeyType: KeyType  # noqa: N815
    consumptionLimits: ShownLimits  # noqa: N815
    createdAt: str = Field(examples=["2029-10-01T12:00:00.000Z"])  # noqa: N815
    description: str
    expiresAt: str | None = Field(examples=[_ENDS_AT])  # noqa: N815
    id: str = Field(examples=[EXAMPLE_ID])
    last6Chars: str = Field(examples=["2V2jNW"])  # noqa: N815
    lastUsedAt: str | None = Field(  # noqa: N815
        description="May lag a few seconds behind.", examples=["2029-12-24T18:00:00.000Z"]
    )
    usage: KeyUsage


class KeyList(Schema):
    """The active keys."""

    object: Literal["list"]
    data: list[KeyEntry]


class KeyReply(Schema):
    """One key."""

    data: KeyEntry


class ChangedKeyReply(Schema):
    """The key after its change."""

    data: KeyEntry
    success: Literal[True]


class Success(Schema):
    """Confirmation of success."""

    success: Literal[True]
