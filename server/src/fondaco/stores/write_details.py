"""Serialization of quarantined writes: JSON with numbers and ids, and no content."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from fondaco.domain.money.ledger import Entry, EntryKind, OpenCall
from fondaco.domain.money.money import Currency, Funds
from fondaco.domain.money.usage import Usage

Value: TypeAlias = "str | int | float | Mapping[str, Value] | Sequence[Value] | None"

_BITS = 256
"""Longer numbers are stored as their length only."""
_LONGEST = 200
"""Characters; longer texts are dropped."""


class IncompleteDetailsError(ValueError):
    """The stored details of a write are incomplete, since its values were invalid: no retry is possible."""


def of_write(entries: Sequence[Entry], closes: str | None) -> str:
    """Return a failed write as JSON."""
    details = {
        "entries": [_bounded(_as_mapping(entry)) for entry in entries],
        "closes": _bounded(closes),
    }
    return json.dumps(details)


def of_call(call: OpenCall) -> str:
    """Return an open call that could not be settled as JSON."""
    return json.dumps(_bounded(_as_mapping(call)))


def write_of(details: str) -> tuple[list[Entry], str | None]:
    """Restore a write from its details.

    Raises:
        IncompleteDetailsError: the details are incomplete.
    """
    try:
        stored = json.loads(details)
        return [_entry_of(entry) for entry in stored["entries"]], stored["closes"]
    except (ValueError, TypeError, KeyError) as error:
        raise IncompleteDetailsError("Its values were invalid and were not stored.") from error


def call_of(details: str) -> OpenCall:
    """Restore an open call from its details.

    Raises:
        IncompleteDetailsError: the details are incomplete.
    """
    try:
        stored = json.loads(details)
        held, usage = Funds(**stored.pop("held")), Usage(**stored.pop("usage"))
        return OpenCall(**stored, held=held, usage=usage)
    except (ValueError, TypeError, KeyError) as error:
        raise IncompleteDetailsError("Its values were invalid and were not stored.") from error


def _entry_of(stored: Any) -> Entry:
    usage = stored.pop("usage")
    kind, currency = EntryKind(stored.pop("kind")), Currency(stored.pop("currency"))
    return Entry(
        **stored, kind=kind, currency=currency, usage=None if usage is None else Usage(**usage)
    )


def _as_mapping(value: Entry | OpenCall) -> object:
    try:
        return asdict(value)
    except Exception:  # noqa: BLE001 - copying an invalid value may raise anything
        return type(value).__name__


def _bounded(value: object) -> Value:
    """Return a value as JSON; long values and unknown types as a description only."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        bits = value.bit_length()
        return int(value) if bits <= _BITS else f"a number of {bits} bits"
    if isinstance(value, float):
        return value if abs(value) < float("inf") else f"the number {value}"
    if isinstance(value, str):
        return str(value) if len(value) <= _LONGEST and value.isprintable() else "a long text"
    if isinstance(value, dict):
        return {str(name)[:_LONGEST]: _bounded(item) for name, item in value.items()}
    return f"a value of type {type(value).__name__}"
