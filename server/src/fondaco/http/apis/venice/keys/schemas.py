"""API keys as requests ask for them and replies show them.

Source: POST, GET, PATCH and DELETE /api_keys, and GET /api_keys/{id}.
"""

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from fondaco.domain.money.account import ConsumptionLimit, KeyType
from fondaco.domain.money.money import LARGEST, NANO, nano
from fondaco.http.endpoint.fields import Strict
from fondaco.http.endpoint.timestamps import unix_seconds
from fondaco.serving.access.api_keys import UNCHANGED, Change, LimitChange

_NO_OPTIONS = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0][^\x00-\x1f\x7f-\x9f]*$"
"""Something to see, and no control character."""
_ID = "e28e82dc9df24b47b726d0a222ef2ab5"
_ENDS_AT = "2030-10-01T12:00:00.000Z"
_ANY_END = r"^(\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{3})?Z)?)?$"


def _nano(value: object) -> int:
    """Return the nano-units of an amount that a request names; numbers with decimals are exact."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        try:
            return nano(value)
        except ValueError:
            pass
    most = LARGEST // NANO
    raise ValueError(f"Write a number from 0 to {most:,} with at most 9 decimals, or null.")


def _described(text: str) -> str:
    if re.fullmatch(_NO_OPTIONS, text) is None:
        raise ValueError("Say what the key is for, without control characters.")
    return text.strip(" \xa0")


def _end(value: object) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return unix_seconds(value)
    raise ValueError("Write a text, or null for never.")


Amount = Annotated[
    int,
    BeforeValidator(_nano),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": LARGEST // NANO}),
]
"""Nano-units, as a decimal number on the wire."""

Description = Annotated[
    str,
    StringConstraints(max_length=256),
    AfterValidator(_described),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 256, "pattern": _NO_OPTIONS}),
]

End = Annotated[
    float | None,
    BeforeValidator(_end),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _ANY_END}, {"type": "null"}]}),
]
"""Unix seconds, or None for never."""


class KeyLimits(Strict):
    """What a key may spend in one epoch; no limit where a field is null or absent."""

    usd: Amount | None = Field(None, description="In USD, with up to 9 decimals.", examples=[50])
    diem: Amount | None = Field(None, description="In DIEM, as fine.", examples=[10])
    vcu: Amount | None = Field(
        None,
        description="Kept and shown, without effect: nothing is charged in VCU, DIEM's old name.",
        examples=[30],
        json_schema_extra={"deprecated": True},  # of `deprecated` pydantic warns at each reading
    )

    @property
    def domain(self) -> ConsumptionLimit:
        """The limit that this is."""
        return ConsumptionLimit(usd=self.usd, diem=self.diem, vcu=self.vcu)


class NewKeyRequest(Strict):
    """The key to make."""

    apiKeyType: Literal["ADMIN", "INFERENCE"] = Field(  # noqa: N815  # the wire's name, as all below
        description="ADMIN keys may do everything, INFERENCE keys only what models are for."
    )
    description: Description = Field(description="What it is for.", examples=["Build server"])
    expiresAt: End = Field(  # noqa: N815
        None,
        description="When it ends, in UTC: a time, or a date for its first moment; "
        "empty, null or absent for never.",
        examples=[_ENDS_AT, "2030-10-01", ""],
    )
    consumptionLimit: KeyLimits | None = Field(  # noqa: N815
        None, description="What it may spend in one epoch."
    )


class KeyChangeRequest(Strict):
    """What is to be different about a key: only what is named changes."""

    id: str = Field(description="The key's id.", examples=[_ID])
    description: Description | None = Field(
        None, description="What it is for; null leaves it as it is."
    )
    expiresAt: End = Field(  # noqa: N815
        None,
        description="When it ends, as in POST; empty or null takes the end away.",
        examples=[_ENDS_AT, "2030-10-01", ""],
    )
    consumptionLimit: KeyLimits | None = Field(  # noqa: N815
        None,
        description="Its limits in one epoch: null takes a limit away, or all of them; "
        "what is not named stays.",
    )

    @property
    def change(self) -> Change:
        """The change that is asked for."""
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
    """Which key is meant."""

    id: str = Field(description="The key's id.", examples=[_ID])


class ShownLimits(BaseModel):
    """What a key may spend in one epoch; null where there is no limit."""

    usd: float | None = Field(ge=0, examples=[50])
    diem: float | None = Field(ge=0, examples=[10])
    vcu: float | None = Field(ge=0, deprecated=True, examples=[None])


class MadeKey(BaseModel):
    """A key just made."""

    apiKey: str = Field(  # noqa: N815
        description="The secret: shown this once, and kept nowhere."
    )
    apiKeyType: KeyType  # noqa: N815
    consumptionLimit: ShownLimits  # noqa: N815
    description: str
    expiresAt: str | None = Field(examples=[_ENDS_AT])  # noqa: N815
    id: str = Field(examples=[_ID])


class MadeKeyReply(BaseModel):
    """The reply to POST."""

    data: MadeKey
    success: Literal[True]


class Days(BaseModel):
    """Amounts as decimal texts."""

    usd: str = Field(examples=["10.2424"])
    vcu: str = Field(deprecated=True, examples=["0"])
    diem: str = Field(examples=["4.2231"])


class KeyUsage(BaseModel):
    """What the key's calls were charged."""

    trailingSevenDays: Days = Field(  # noqa: N815
        description="This epoch and the six before it."
    )


class KeyEntry(BaseModel):
    """A key, without its secret."""

    apiKeyType: KeyType  # noqa: N815
    consumptionLimits: ShownLimits  # noqa: N815
    createdAt: str = Field(examples=["2029-10-01T12:00:00.000Z"])  # noqa: N815
    description: str
    expiresAt: str | None = Field(examples=[_ENDS_AT])  # noqa: N815
    id: str = Field(examples=[_ID])
    last6Chars: str = Field(examples=["2V2jNW"])  # noqa: N815
    lastUsedAt: str | None = Field(  # noqa: N815
        description="A few seconds behind.", examples=["2029-12-24T18:00:00.000Z"]
    )
    usage: KeyUsage


class KeyList(BaseModel):
    """The keys that may be used."""

    object: Literal["list"]
    data: list[KeyEntry]


class KeyReply(BaseModel):
    """One key."""

    data: KeyEntry


class ChangedKeyReply(BaseModel):
    """The key after its change."""

    data: KeyEntry
    success: Literal[True]


class Success(BaseModel):
    """It is done."""

    success: Literal[True]
