"""The audit: recomputes every sum of the ledger and compares it with the stored one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from fondaco.domain.money.account import SYSTEM_ACCOUNTS
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency, decimal
from fondaco.stores.charge_log import segments
from fondaco.stores.sqlite.ledger import quarantine
from fondaco.stores.sqlite.ledger.replay import entered
from fondaco.stores.sqlite.tables.rows import CURRENCIES, KINDS
from fondaco.stores.sqlite.tables.snapshot import SNAPSHOT

_SUMS = "SELECT account_id, kind, currency, key_id, sum(amount) FROM entry GROUP BY 1, 2, 3, 4"

_SPENT = """
SELECT key_id, (SELECT last6 FROM key WHERE id = key_id), sum(usd), sum(diem)
FROM key_epoch GROUP BY key_id
"""

_BALANCES = "SELECT id, name, usd, diem FROM account ORDER BY id"

_TWICE = """
SELECT lower(hex(call_id)), (SELECT name FROM sku WHERE id = sku_id), count(*) FROM entry NOT INDEXED
WHERE call_id IS NOT NULL GROUP BY call_id, sku_id, currency HAVING count(*) > 1 LIMIT 20
"""

_JOBS = """
SELECT lower(hex(id)), state FROM job
WHERE (state = 'done') != EXISTS (SELECT 1 FROM entry WHERE entry.call_id = job.id AND kind = 1) LIMIT 20
"""

_Sums: TypeAlias = dict[tuple[int, Currency], int]
"""Sums of entries, by account or by key."""


def findings(connection: sqlite3.Connection) -> list[str]:
    """Return one sentence for each inconsistency, and one for waiting writes."""
    found, is_complete = _inconsistencies(connection)
    return [*found, *_quarantine(connection)] if is_complete else found


def log_findings(database: Path) -> list[str]:
    """Return one sentence for each file of the charge log that lacks in the database or was damaged."""
    folder = segments.folder_of(database)
    wrong = []
    if not entered(database, patience_s=1.0):
        wrong.append(
            "Charges are in the charge log that the server could not enter into the database yet. See its log."
        )
    return [
        *wrong,
        *(
            f"The charge log was damaged: charges may be missing. Compare {str(path)!r} with a backup, then "
            "delete it."
            for path in segments.damaged(folder)
        ),
    ]


def inconsistencies(connection: sqlite3.Connection) -> list[str]:
    """Return one sentence for each inconsistency."""
    return _inconsistencies(connection)[0]


def _inconsistencies(connection: sqlite3.Connection) -> tuple[list[str], bool]:
    """Return the inconsistencies, and whether all tables are there."""
    missing = _missing(connection)
    damage = [
        f"The database is damaged: the {kind} {name!r} is missing. Restore it from a backup."
        for kind, name in missing
    ]
    if any(kind == "table" for kind, _ in missing):
        return damage, False
    accounts, keys = _sums(connection)
    found = [
        *damage,
        *_balances(connection, accounts),
        *_spendings(connection, keys),
        *_twice(connection),
        *_jobs(connection),
        *_file(connection),
    ]
    return found, True


def _missing(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return kind and name of each table, index and trigger that the database lacks."""
    with closing(sqlite3.connect(":memory:")) as new:
        new.executescript(SNAPSHOT.read_text("utf-8"))
        return sorted(_definitions(new) - _definitions(connection))


def _definitions(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    return set(connection.execute("SELECT type, name FROM sqlite_master"))


def _quarantine(connection: sqlite3.Connection) -> Iterator[str]:
    if count := quarantine.waiting(connection):
        yield (
            f"{count} of the writes to the ledger could never be made and wait in the quarantine. See: "
            "fondaco ledger quarantine list"
        )


def _balances(connection: sqlite3.Connection, sums: _Sums) -> Iterator[str]:
    total = dict.fromkeys(Currency, 0)
    for account_id, name, usd, diem in connection.execute(_BALANCES):
        for currency, balance in ((Currency.USD, usd), (Currency.DIEM, diem)):
            total[currency] += balance
            entered = sums.get((account_id, currency), 0)
            if balance != entered:
                yield (
                    f"The {currency} balance of account {name!r} is {decimal(balance)}, its entries "
                    f"add up to {decimal(entered)}."
                )
            if balance < 0 and account_id not in SYSTEM_ACCOUNTS.values():
                yield f"The {currency} balance of account {name!r} is negative: {decimal(balance)}."
    for currency, balance in total.items():
        if balance:
            yield f"All {currency} balances add up to {decimal(balance)} instead of 0."


def _spendings(connection: sqlite3.Connection, sums: _Sums) -> Iterator[str]:
    for key_id, last6, usd, diem in connection.execute(_SPENT):
        for currency, spent in ((Currency.USD, usd), (Currency.DIEM, diem)):
            entered = sums.pop((key_id, currency), 0)
            if spent != entered:
                yield (
                    f"The key that ends in {last6!r} is noted to have spent {decimal(spent)} "
                    f"{currency}, its entries add up to {decimal(entered)}."
                )
    for (key_id, currency), entered in sums.items():
        if entered:
            yield f"Key number {key_id} was charged {decimal(entered)} {currency}; it is not noted."


def _sums(connection: sqlite3.Connection) -> tuple[_Sums, _Sums]:
    """Return sums of the entries: both sides of each by account, and charges by key."""
    kinds = {number: kind for kind, number in KINDS.items()}
    currencies = {number: currency for currency, number in CURRENCIES.items()}
    sums: _Sums = {}
    spent: _Sums = {}
    for account_id, kind_number, currency_number, key_id, amount in connection.execute(_SUMS):
        kind: EntryKind = kinds[kind_number]
        currency = currencies[currency_number]
        both = Entry(account_id, kind, currency, amount, at=0.0)
        for side, moved in ((account_id, amount), (both.counterpart_id, -amount)):
            sums[side, currency] = sums.get((side, currency), 0) + moved
        if kind is EntryKind.CHARGE and key_id is not None:
            spent[key_id, currency] = spent.get((key_id, currency), 0) - amount
    return sums, spent


def _twice(connection: sqlite3.Connection) -> Iterator[str]:
    for call_id, sku, count in connection.execute(_TWICE):
        yield f"Call {call_id} has {count} entries for {sku!r} in one currency."


def _jobs(connection: sqlite3.Connection) -> Iterator[str]:
    for job_id, state in connection.execute(_JOBS):
        charged = "not charged" if state == "done" else "charged"
        yield f"Job {job_id} is {state}, and {charged}."


def _file(connection: sqlite3.Connection) -> Iterator[str]:
    for (finding,) in connection.execute("PRAGMA integrity_check(20)"):
        if finding != "ok":
            yield f"The database file is damaged: {finding}."
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"Row {row} of {table!r} points to a row of {parent!r} that does not exist."
