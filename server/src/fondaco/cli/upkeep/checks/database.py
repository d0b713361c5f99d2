"""Database: its revision, the ledger's sums, the quarantine, the clock, and keys that nobody uses."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from fondaco.cli.admin_store import timestamp
from fondaco.cli.upkeep.findings import Diagnosis, error, ok, warning
from fondaco.domain.money.account import Key, KeyType
from fondaco.stores.errors import DatabaseUnusableError
from fondaco.stores.sqlite.accounts.admin_store import AdminStore
from fondaco.stores.sqlite.accounts.audit import inconsistencies
from fondaco.stores.sqlite.accounts.people import usable_keys
from fondaco.stores.sqlite.ledger import clock_confirmations, quarantine
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.migrate import HEAD, version_of
from fondaco.system import SystemClock

Now: TypeAlias = Callable[[], float]
_CHECK = "database"
_RESTORE = "fondaco restore --replace FILE"
_DAY_S = 86_400.0
_UNUSED_DAYS = 90
_CLOCK_SLACK_S = 60.0
_STEPS = 100_000
"""Instructions of SQLite between two looks at the deadline."""
_EARLIEST, _LATEST = 1_767_225_600.0, 4_102_444_800.0
"""2026 and 2100: no clock that is right is outside."""


def checked(database: Path, *, longest_s: float, now: Now = SystemClock.now) -> Iterator[Diagnosis]:
    """Yield the findings about a database that exists; the audit is given up after `longest_s` seconds."""
    yield from _clock(now())
    try:
        revision = version_of(database)
        if revision == HEAD:
            yield ok(_CHECK, f"revision {HEAD}")
            yield from _content(database, longest_s, now)
            return
    except (DatabaseUnusableError, sqlite3.Error) as fault:
        yield error(
            _CHECK,
            str(fault),
            why="Nothing can be charged, and no key is recognised.",
            fix=_RESTORE,
        )
        return
    if revision is not None and revision > HEAD:
        yield error(
            _CHECK,
            f"The database is of revision {revision}, this program knows {HEAD}.",
            why="The server does not start.",
            fix="install the version of Fondaco that wrote it, or a newer one",
        )
        return
    yield warning(
        _CHECK,
        f"The database is of revision {revision}, this program's is {HEAD}.",
        why="The next start migrates it, and older versions refuse it from then on.",
        fix="fondaco backup FILE, then: fondaco serve",
    )


def _content(database: Path, longest_s: float, now: Now) -> Iterator[Diagnosis]:
    clock = SystemClock()
    deadline = clock.monotonic() + longest_s
    with closing(connect(database)) as connection:
        connection.set_progress_handler(lambda: clock.monotonic() > deadline, _STEPS)
        try:
            yield from _ledger(connection)
            yield from _ahead(connection, now())
        except sqlite3.OperationalError as fault:
            if clock.monotonic() <= deadline:
                raise
            yield warning(
                "ledger",
                f"The sums were not verified within {longest_s:.0f} seconds ({fault}).",
                why="A large ledger takes longer.",
                fix="fondaco ledger verify",
            )
    yield from _keys(database, now())


def _ledger(connection: sqlite3.Connection) -> Iterator[Diagnosis]:
    wrong = inconsistencies(connection)
    for line in wrong:
        yield error(
            "ledger",
            line,
            why="Balances cannot be trusted.",
            fix=f"fondaco ledger verify, then: {_RESTORE}",
        )
    if not wrong:
        yield ok("ledger", "every sum adds up")
    if count := quarantine.waiting(connection):
        yield warning(
            "quarantine",
            f"{count} writes failed permanently.",
            why="These calls are not charged until someone decides.",
            fix="fondaco ledger quarantine list",
        )
    else:
        yield ok("quarantine", "empty")


def _clock(now: float) -> Iterator[Diagnosis]:
    if not _EARLIEST <= now < _LATEST:
        yield error(
            "clock",
            f"The system clock says {timestamp(now)}.",
            why="Allocations refill by the day, and certificates of upstream engines are refused.",
            fix="sudo timedatectl set-ntp true",
        )


def _ahead(connection: sqlite3.Connection, now: float) -> Iterator[Diagnosis]:
    last = clock_confirmations.latest(connection, None)
    if last is None or last <= now + _CLOCK_SLACK_S:
        if _EARLIEST <= now < _LATEST:
            yield ok("clock", f"{timestamp(now)}, after the ledger's newest entry")
        return
    yield error(
        "clock",
        f"The system clock says {timestamp(now)}, and the ledger's newest entry is of {timestamp(last)}.",
        why="Until the clock has passed that entry, allocations are not refilled.",
        fix="sudo timedatectl set-ntp true; if the clock is right: fondaco ledger repair-epoch",
    )


def _keys(database: Path, now: float) -> Iterator[Diagnosis]:
    if not (database.parent / "pepper").exists() and (count := usable_keys(database)):
        yield error(
            "keys",
            f"The file 'pepper' is missing, and the database has {count} keys.",
            why="The server does not start: without the file no key is recognised.",
            fix=f"put back the file from a backup, or give the keys up: fondaco keys revoke-all ({_RESTORE})",
        )
    reports = AdminStore(database, b"", SystemClock()).keys()
    keys = [report.key for report in reports if report.key.live(now)]
    stale = [key for key in keys if _is_forgotten(key, now)]
    for key in stale:
        yield warning(
            "keys",
            f"The ADMIN key that ends in {key.last6!r} never expires, and was not used for {_UNUSED_DAYS} days.",
            why="Whoever finds it controls the account.",
            fix=f"fondaco keys revoke {key.id}",
        )
    if not keys:
        yield warning(
            "keys",
            "No API key is valid.",
            why="Every request gets 401.",
            fix="fondaco keys create --type ADMIN",
        )
    elif not stale:
        yield ok("keys", f"{len(keys)} valid")


def _is_forgotten(key: Key, now: float) -> bool:
    used = key.used_at or key.created_at
    return (
        key.type is KeyType.ADMIN and key.expires_at is None and now - used > _UNUSED_DAYS * _DAY_S
    )
