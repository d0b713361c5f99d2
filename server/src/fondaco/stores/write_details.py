"""Details of writes: what the quarantine keeps of a write, as JSON that holds numbers, ids and no content."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from fondaco.domain.money.ledger import Entry, EntryKind, OpenCall
from fondaco.domain.money.money import Currency, Funds
from fondaco.domain.money.usage import Usage

Value: TypeAlias = "str | int | float | Mapping[str, Value] | Sequence[Value] | None"

_BITS = 256
"""Longer numbers are told by their length alone."""
_LONGEST = 200
"""Longer texts, too."""


class UntellableError(ValueError):
    """A write was kept with gaps, since its values were of no use; it cannot be made again."""


def of_write(entries: Sequence[Entry], closes: str | None) -> str:
    """Return what is known of a write that could not be made."""
    told = {"entries": [_told(_as_mapping(entry)) for entry in entries], "closes": _told(closes)}
    return json.dumps(told)


def of_call(call: OpenCall) -> str:
    """Return what is known of an open call that could not be settled."""
    return json.dumps(_told(_as_mapping(call)))


def write_of(details: str) -> tuple[list[Entry], str | None]:
    """Return a write as it was.

    Raises:
        UntellableError: too little of it was kept.
    """
    try:
        kept = json.loads(details)
        return [_entry_of(one) for one in kept["entries"]], kept["closes"]
    except (ValueError, TypeError, KeyError) as error:
        raise UntellableError("Its values were of no use and are not kept.") from error


def call_of(details: str) -> OpenCall:
    """Return an open call as it was.

    Raises:
        UntellableError: too little of it was kept.
    """
    try:
        kept = json.loads(details)
        held, usage = Funds(**kept.pop("held")), Usage(**kept.pop("usage"))
        return OpenCall(**kept, held=held, usage=usage)
    except (ValueError, TypeError, KeyError) as error:
        raise UntellableError("Its values were of no use and are not kept.") from error


def _entry_of(kept: Any) -> Entry:
    usage = kept.pop("usage")
    kind, currency = EntryKind(kept.pop("kind")), Currency(kept.pop("currency"))
    return Entry(
        **kept, kind=kind, currency=currency, usage=None if usage is None else Usage(**usage)
    )


def _as_mapping(value: Entry | OpenCall) -> object:
    try:
        return asdict(value)
    except Exception:  # noqa: BLE001 - whatever a value of wrong code does when it is copied
        return type(value).__name__


def _told(value: object) -> Value:
    """Return a value as far as it can be told: long ones and strange ones by their kind alone."""
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
        return {str(name)[:_LONGEST]: _told(one) for name, one in value.items()}
    return f"a value of type {type(value).__name__}"
