"""Records of the charge log: one for the charges of a call, in binary, with a checksum.

A record is a frame and its payload, all numbers little-endian:

```
frame    marker "FCL1" (its digit is the format's version) | u32 payload bytes | u32 CRC-32 of the payload
payload  u8 flags (1: it has a key, 2: it closes the open call) | 16 call id | 16 key id | i64 account
         | i64 time (Unix ms) | i64 execution ms | i64 epoch
         | i64 input, cached input, output and reasoning tokens | u16 bytes of notes | u8 entries | notes
         then for each entry: u8 currency (1 USD, 2 DIEM) | i64 amount | i64 units | i64 unit price
         | u16 bytes of SKU | SKU
```

It contains what the rows of the ledger have, and no content.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from fondaco.domain.money.usage import Usage

_MARKER: Final = b"FCL1"
_FRAME: Final = struct.Struct("<4sII")
_CALL: Final = struct.Struct("<B16s16sqqqqqqqqHB")
_ENTRY: Final = struct.Struct("<BqqqH")
_HAS_KEY, _CLOSES = 1, 2
_NO_KEY: Final = bytes(16)
_ID_BYTES: Final = 16
_CHARGE: Final = EntryKind.CHARGE
_USD, _DIEM = Currency.USD, Currency.DIEM
_IN_USD, _IN_DIEM = 1, 2
_CURRENCIES: Final = {_IN_USD: _USD, _IN_DIEM: _DIEM}


@fast_init
@dataclass(frozen=True, slots=True)
class LoggedCharge:
    """The charges of one call, as a record has them."""

    call_id: str
    entries: Sequence[Entry]
    closes: bool
    """Whether the call was noted as open, and is so no longer."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The records found in the bytes of a file."""

    charges: Sequence[LoggedCharge]
    torn_bytes: int
    """At the end, after the last whole record: a write that was cut off."""
    gaps: int
    """Places that are no record, though no write was cut off there: the file was damaged."""


def encode(entries: Sequence[Entry], closes: str | None) -> bytes | None:
    """Return the record of a call's charges.

    None where a record cannot say it: entries of other kinds, of several calls or without a usage, and
    values that no row can have, such as a number of more bits than 64.
    """
    try:
        return _encoded(entries, closes)
    except (struct.error, ArithmeticError, LookupError, ValueError, TypeError, AttributeError):
        return None


def scan(content: bytes) -> Scan:
    """Return all whole records, whatever is between them."""
    charges: list[LoggedCharge] = []
    at = gaps = 0
    while at < len(content):
        found = _record_at(content, at)
        if found is None:
            following = _next_record(content, at + 1)
            if following is None:
                break
            gaps += 1
            at = following
            continue
        charge, at = found
        charges.append(charge)
    if _is_whole(content, at):  # its checksum is wrong all the same
        return Scan(charges, 0, gaps + 1)
    return Scan(charges, len(content) - at, gaps)


def _encoded(entries: Sequence[Entry], closes: str | None) -> bytes | None:
    first = entries[0]
    call_id, key_id, usage, at, notes = (
        first.call_id, first.key_id, first.usage, first.at, first.notes,
    )  # fmt: skip
    if call_id is None or usage is None or first.epoch is None or closes not in (None, call_id):
        return None
    call, key = bytes.fromhex(call_id), _NO_KEY if key_id is None else bytes.fromhex(key_id)
    if not len(call) == _ID_BYTES == len(key):
        return None
    flags = (0 if key_id is None else _HAS_KEY) | (0 if closes is None else _CLOSES)
    said = notes.encode()
    parts = [
        _CALL.pack(
            flags, call, key, first.account_id, round(at * 1000), first.execution_ms, first.epoch,
            usage.input_tokens, usage.cached_input_tokens, usage.output_tokens, usage.reasoning_tokens,
            len(said), len(entries),
        ),
        said,
    ]  # fmt: skip
    for entry in entries:
        amount, units, unit_price, currency = (
            entry.amount,
            entry.units,
            entry.unit_price,
            entry.currency,
        )
        if (
            entry.kind is not _CHARGE
            or amount > 0
            or units < 0
            or unit_price < 0
            or (entry is not first and not _is_of_one_call(entry, first))
        ):
            return None
        # Not by a table: the hash of an enumeration's member is computed in Python.
        number = _IN_USD if currency is _USD else _IN_DIEM if currency is _DIEM else None
        sku = entry.sku.encode()
        parts.append(_ENTRY.pack(number, amount, units, unit_price, len(sku)))
        parts.append(sku)
    payload = b"".join(parts)
    return _FRAME.pack(_MARKER, len(payload), crc32(payload)) + payload


def _is_of_one_call(entry: Entry, first: Entry) -> bool:
    """Whether an entry differs from the first only by what each entry of a record has of its own."""
    return (
        entry.usage is first.usage
        and entry.call_id == first.call_id
        and entry.key_id == first.key_id
        and entry.account_id == first.account_id
        and entry.epoch == first.epoch
        and entry.at == first.at
        and entry.execution_ms == first.execution_ms
        and entry.notes == first.notes
    )


def _next_record(content: bytes, start: int) -> int | None:
    at = content.find(_MARKER, start)
    while at >= 0:
        if _record_at(content, at) is not None:
            return at
        at = content.find(_MARKER, at + 1)
    return None


def _is_whole(content: bytes, at: int) -> bool:
    """Whether the bytes from an offset on begin with a frame, and have all of its payload."""
    begins = at + _FRAME.size
    if begins > len(content):
        return False
    marker, length, _ = _FRAME.unpack_from(content, at)
    return bool(marker == _MARKER and begins + length <= len(content))


def _record_at(content: bytes, at: int) -> tuple[LoggedCharge, int] | None:
    """Return the record at an offset and the offset after it; None where there is no whole one."""
    begins = at + _FRAME.size
    if begins > len(content):
        return None
    marker, length, checksum = _FRAME.unpack_from(content, at)
    payload = content[begins : begins + length]
    if marker != _MARKER or len(payload) != length or crc32(payload) != checksum:
        return None
    try:
        return _decoded(payload), begins + length
    except (struct.error, LookupError, ValueError):
        return None


def _decoded(payload: bytes) -> LoggedCharge:
    flags, call, key, account_id, at_ms, execution_ms, epoch, *rest = _CALL.unpack_from(payload)
    *tokens, notes_bytes, count = rest
    offset = _CALL.size + notes_bytes
    notes = payload[_CALL.size : offset].decode()
    call_id, usage = call.hex(), Usage(*tokens)
    key_id = key.hex() if flags & _HAS_KEY else None
    entries: list[Entry] = []
    for _ in range(count):
        currency, amount, units, unit_price, sku_bytes = _ENTRY.unpack_from(payload, offset)
        begins = offset + _ENTRY.size
        offset = begins + sku_bytes
        entries.append(
            Entry(
                account_id, _CHARGE, _CURRENCIES[currency], amount, at_ms / 1000, call_id, key_id,
                payload[begins:offset].decode(), units, unit_price, usage, execution_ms, epoch, notes,
            )
        )  # fmt: skip
    if offset != len(payload):
        raise ValueError
    return LoggedCharge(call_id, entries, bool(flags & _CLOSES))
