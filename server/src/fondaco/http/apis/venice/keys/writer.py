"""Writer of API keys: amounts are exact to the nano-unit; only new keys show their secret."""

import orjson

from fondaco.domain.money.account import ConsumptionLimit, NewKey
from fondaco.http.edge.headers import amount
from fondaco.http.endpoint.timestamps import timestamp
from fondaco.ports import KeyReport


def key_entry(report: KeyReport) -> dict[str, object]:
    """Return a key as a `KeyEntry`."""
    key, spent = report.key, report.spent
    return {
        "apiKeyType": key.type.value,
        "consumptionLimits": _limits(key.limit),
        "createdAt": timestamp(key.created_at),
        "description": key.description,
        "expiresAt": _timestamp(key.expires_at),
        "id": key.id,
        "last6Chars": key.last6,
        "lastUsedAt": _timestamp(key.used_at),
        "usage": {
            "trailingSevenDays": {
                "usd": amount(spent.usd).decode(),
                "vcu": "0",
                "diem": amount(spent.diem).decode(),
            }
        },
    }


def new_key_entry(new_key: NewKey) -> dict[str, object]:
    """Return a newly created key as a `MadeKey`."""
    key = new_key.key
    return {
        "apiKey": new_key.secret,
        "apiKeyType": key.type.value,
        "consumptionLimit": _limits(key.limit),
        "description": key.description,
        "expiresAt": _timestamp(key.expires_at),
        "id": key.id,
    }


def _limits(limit: ConsumptionLimit) -> dict[str, orjson.Fragment | None]:
    return {"usd": _number(limit.usd), "diem": _number(limit.diem), "vcu": _number(limit.vcu)}


def _number(nano: int | None) -> orjson.Fragment | None:
    """Return nano-units as an exact JSON number."""
    return None if nano is None else orjson.Fragment(amount(nano))


def _timestamp(unix_s: float | None) -> str | None:
    return None if unix_s is None else timestamp(unix_s)
