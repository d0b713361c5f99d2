"""Conversion between rows and entries, open calls and keys."""

from dataclasses import fields
from typing import TypeAlias

from fondaco.domain.money.account import ConsumptionLimit, Key, KeyType
from fondaco.domain.money.ledger import Entry, EntryKind, OpenCall, epoch_reference
from fondaco.domain.money.money import Currency, Funds
from fondaco.domain.money.usage import Usage

KINDS = {
    EntryKind.CHARGE: 1,
    EntryKind.GRANT: 2,
    EntryKind.REFILL: 3,
    EntryKind.EXPIRY: 4,
    EntryKind.ADJUSTMENT: 5,
}
CURRENCIES = {Currency.USD: 1, Currency.DIEM: 2}

ENTRIES = """
SELECT entry.id, account_id, kind, currency, amount, at_ms, hex(call_id),
       (SELECT hex(public_id) FROM key WHERE key.id = key_id),
       (SELECT name FROM sku WHERE sku.id = sku_id),
       units, unit_price, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
       execution_ms, notes
FROM entry
"""
"""The query that `entry_of` reads; append a WHERE clause."""

UNITS = tuple(unit.name for unit in fields(Usage))
"""The columns of `open_call` with the usage, in the order of `Usage.units`."""

OPEN_CALLS = f"""
SELECT hex(call_id), account_id, hex(key_id), model, opened_ms, held_usd, held_diem, epoch,
       {", ".join(UNITS)}
FROM open_call ORDER BY opened_ms
"""  # noqa: S608 - the columns are constants
"""The query that `open_call_of` reads."""

OPEN_CALL = (
    "call_id", "account_id", "key_id", "model", "opened_ms", "held_usd", "held_diem", "epoch", *UNITS,
)  # fmt: skip
"""The columns of `open_call_row`."""

Column: TypeAlias = int | str | bytes | None
EntryRow: TypeAlias = tuple[
    int, int, int, int, int, int, str | None, str | None, str,
    int, int, int | None, int, int, int, int, str,
]  # fmt: skip
OpenCallRow: TypeAlias = tuple[str, int, str, str, int, int, int, int, *tuple[int, ...]]

KEY = """
public_id, account_id, type, description, last6, key.created_ms, expires_ms, revoked_ms, key.used_ms,
limit_usd, limit_diem, limit_vcu
"""
"""The columns that `key_of` reads."""

KeyRow: TypeAlias = tuple[
    bytes, int, str, str, str, int, int | None, int | None, int | None,
    int | None, int | None, int | None,
]  # fmt: skip

LAST_EPOCH = 2**63 - 1
_KIND_OF = {number: kind for kind, number in KINDS.items()}
_CURRENCY_OF = {number: currency for currency, number in CURRENCIES.items()}


def milliseconds(at: float) -> int:
    """Return Unix seconds as they are stored."""
    return round(at * 1000)


def refills(account_id: int, until: int | None = None) -> tuple[bytes, bytes]:
    """Return the first and the last call id that a refill of an account can have, up to an epoch."""
    last_epoch = LAST_EPOCH if until is None else max(0, min(until, LAST_EPOCH))
    first, last = (epoch_reference(account_id, epoch) for epoch in (0, last_epoch))
    return id_bytes(first), id_bytes(last)


def epoch_in(refill: bytes | None) -> int:
    """Return the epoch in a refill's call id; -1 where there was none."""
    return -1 if refill is None else int.from_bytes(refill[8:], "big")


def id_bytes(id_: str) -> bytes:
    """Return an id of 32 hex digits as its 16 bytes."""
    return bytes.fromhex(id_)


def entry_row(entry_id: int, entry: Entry, sku_id: int, key_id: int | None) -> tuple[Column, ...]:
    """Return an entry's columns in the order of `batch`'s INSERT."""
    return (
        entry_id,
        None if entry.call_id is None else id_bytes(entry.call_id),
        key_id,
        entry.account_id,
        KINDS[entry.kind],
        CURRENCIES[entry.currency],
        entry.amount,
        milliseconds(entry.at),
        sku_id,
        entry.units,
        entry.unit_price,
        entry.execution_ms,
        entry.notes,
        *((None,) * 4 if entry.usage is None else usage_row(entry.usage)),
    )


def open_call_row(call: OpenCall) -> tuple[Column, ...]:
    """Return an open call's columns in the order of `OPEN_CALL`."""
    return (
        id_bytes(call.call_id),
        call.account_id,
        id_bytes(call.key_id),
        call.model,
        milliseconds(call.opened_at),
        call.held.usd,
        call.held.diem,
        call.epoch,
        *call.usage.units,
    )


def usage_row(usage: Usage) -> tuple[int, int, int, int]:
    """Return a usage's columns."""
    return (
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    )


def entry_of(row: EntryRow) -> Entry:
    """Return the entry in a row of `ENTRIES`."""
    return Entry(
        account_id=row[1],
        kind=_KIND_OF[row[2]],
        currency=_CURRENCY_OF[row[3]],
        amount=row[4],
        at=row[5] / 1000,
        call_id=row[6].lower() if row[6] else None,
        key_id=row[7].lower() if row[7] else None,
        sku=row[8],
        units=row[9],
        unit_price=row[10],
        usage=None if row[11] is None else Usage(row[11], row[12], row[13], row[14]),
        execution_ms=row[15],
        notes=row[16],
    )


def open_call_of(row: OpenCallRow) -> OpenCall:
    """Return the call in a row of `OPEN_CALLS`."""
    return OpenCall(
        call_id=row[0].lower(),
        account_id=row[1],
        key_id=row[2].lower(),
        model=row[3],
        opened_at=row[4] / 1000,
        held=Funds(usd=row[5], diem=row[6]),
        epoch=row[7],
        usage=Usage(*row[8:]),
    )


def key_of(row: KeyRow) -> Key:
    """Return the key in a row."""
    return Key(
        id=row[0].hex(),
        account_id=row[1],
        type=KeyType(row[2]),
        description=row[3],
        last6=row[4],
        created_at=row[5] / 1000,
        expires_at=None if row[6] is None else row[6] / 1000,
        revoked=row[7] is not None,
        used_at=None if row[8] is None else row[8] / 1000,
        limit=ConsumptionLimit(usd=row[9], diem=row[10], vcu=row[11]),
    )


def address_of(wallet: bytes | None) -> str | None:
    """Return a wallet's address as text."""
    return None if wallet is None else f"0x{wallet.hex()}"
