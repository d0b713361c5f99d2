"""Constraints of the SQLite schema, checked in Python for the in-memory stores."""

from collections.abc import Iterable, Mapping

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.jobs import PaidJob
from fondaco.domain.money.ledger import Entry, EntryKind, IdempotencyRecord, OpenCall
from fondaco.domain.money.money import Currency, Funds

_SIGNS = {
    EntryKind.CHARGE: {-1, 0},
    EntryKind.GRANT: {1},
    EntryKind.REFILL: {0, 1},
    EntryKind.EXPIRY: {-1},
    EntryKind.ADJUSTMENT: {-1, 0, 1},
}
_INT64 = 2**63
_ID_DIGITS = 32
_DIGEST_BYTES = 32


class ConstraintError(Exception):
    """A constraint of the store is violated."""


def expect_entry(entry: Entry) -> None:
    """Refuse an entry that the database would.

    Raises:
        ConstraintError: its sign is not that of its kind, or a count is negative.
        OverflowError: a number has more than 64 bits, or its time is infinite.
        ValueError: an id or currency is invalid, its time is not a number, or a text is not Unicode.
        LookupError: its kind is invalid.
        TypeError: a value is of a wrong type.
    """
    expect_ids(entry.call_id, entry.key_id)
    expect_int64(
        entry.amount, entry.units, entry.unit_price, entry.execution_ms, round(entry.at * 1000)
    )
    if entry.usage is not None:
        usage = entry.usage
        expect_int64(usage.input_tokens, usage.cached_input_tokens)
        expect_int64(usage.output_tokens, usage.reasoning_tokens)
    for text in (entry.sku, entry.notes):
        text.encode()
    if min(entry.units, entry.unit_price) < 0:
        raise ConstraintError("units")
    Currency(entry.currency)
    sign = (entry.amount > 0) - (entry.amount < 0)
    if sign not in _SIGNS[entry.kind]:
        raise ConstraintError("sign")


def expect_balances(balances: Mapping[int, Funds], people: Iterable[int]) -> None:
    """Refuse balances that no account can have.

    Raises:
        ConstraintError: an account of people is below zero, or a sum has more than 64 bits.
    """
    for funds in balances.values():
        if not (-_INT64 <= funds.usd < _INT64 and -_INT64 <= funds.diem < _INT64):
            raise ConstraintError("range")
    for account_id in people:
        if min(balances[account_id].usd, balances[account_id].diem) < 0:
            raise ConstraintError("solvent")


def expect_call(call: OpenCall) -> None:
    """Refuse an open call that the database would.

    Raises:
        OverflowError, ValueError, TypeError: as for entries.
    """
    expect_ids(call.call_id, call.key_id)
    expect_int64(call.held.usd, call.held.diem, call.epoch, round(call.opened_at * 1000))
    expect_int64(*call.usage.units)
    call.model.encode()


def expect_job(job: PaidJob) -> None:
    """Refuse a job that the database would.

    Raises:
        StorageFailedError: an id, hash or key has a wrong length, or a number is out of range.
    """
    try:
        expect_ids(job.id, job.key_id)
        expect_int64(job.held.usd, job.held.diem, job.epoch, round(job.made_at * 1000))
        job.model.encode()
    except (ValueError, OverflowError, TypeError) as error:
        raise StorageFailedError from error
    lengths = {len(job.digest), len(job.public_key)}
    if lengths != {_DIGEST_BYTES} or min(job.held.usd, job.held.diem) < 0:
        raise StorageFailedError


def expect_record(record: IdempotencyRecord) -> None:
    """Refuse an idempotency record that the database would.

    Raises:
        StorageFailedError: a hash does not have 32 bytes, or the call id is invalid.
    """
    digests = (record.idempotency_key.key_digest, record.idempotency_key.body_digest)
    try:
        expect_ids(record.call_id)
    except ValueError as error:
        raise StorageFailedError from error
    if any(len(digest) != _DIGEST_BYTES for digest in digests):
        raise StorageFailedError


def expect_ids(*ids: str | None) -> None:
    """Refuse values that are not ids.

    Raises:
        ValueError: it is not 32 hex digits.
        TypeError: it is not a string.
    """
    for id_ in ids:
        if id_ is not None and len(bytes.fromhex(id_)) * 2 != _ID_DIGITS:
            raise ValueError("An id must have 32 hex digits.")


def expect_int64(*numbers: int) -> None:
    """Refuse values that are not 64-bit integers.

    Raises:
        OverflowError: it has more bits.
        TypeError: it is not an integer.
    """
    for number in numbers:
        if not isinstance(number, int):
            raise TypeError("A whole number is expected.")
        if not -_INT64 <= number < _INT64:
            raise OverflowError("A number has more than 64 bits.")
