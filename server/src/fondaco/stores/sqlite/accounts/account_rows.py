"""Accounts as rows: SQL statements that `SqliteManagedAccounts` and `AdminStore` share.

Those that change rows expect a transaction started with BEGIN IMMEDIATE. Times are Unix seconds.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from fondaco.domain.money.account import SYSTEM_ACCOUNTS, Account
from fondaco.domain.money.epoch import epoch_of
from fondaco.domain.money.ledger import AccountSnapshot, Entry, EntryKind
from fondaco.domain.money.money import MOST, Currency, Funds
from fondaco.ports import AccountChange
from fondaco.stores.errors import (
    BalanceTooLargeError,
    GrantDiffersError,
    NameTakenError,
    UnknownNameError,
)
from fondaco.stores.sqlite.accounts import accounts
from fondaco.stores.sqlite.tables.rows import (
    address_of,
    epoch_in,
    id_bytes,
    milliseconds,
    refills,
)

_TAKEN = "SELECT 1 FROM account WHERE name = ?"
_OPEN = "INSERT INTO account (name, tier, diem_allocation, created_ms) VALUES (?, ?, ?, ?)"
_COLUMNS = "id, name, usd, diem, diem_allocation, tier, created_ms, disabled_ms, wallet"
_FIND = f"SELECT {_COLUMNS} FROM account WHERE name = ? AND id > ?"  # noqa: S608  # the columns are a constant
_PAGE = f"SELECT {_COLUMNS} FROM account WHERE id > ? ORDER BY name LIMIT ? OFFSET ?"  # noqa: S608  # likewise
_COUNT = "SELECT count(*) FROM account WHERE id > ?"
_LAST_REFILL = "SELECT max(call_id) FROM entry WHERE call_id BETWEEN ? AND ?"
_SET_TIER = "UPDATE account SET tier = ? WHERE id = ?"
_SET_DISABLED = "UPDATE account SET disabled_ms = ? WHERE id = ?"
_GRANTED = "SELECT account_id, amount, notes FROM entry WHERE call_id = ?"
_KEYS = """
SELECT count(*) FILTER (WHERE revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?)), max(used_ms)
FROM key WHERE account_id = ?
"""

_LAST_SYSTEM_ACCOUNT = max(SYSTEM_ACCOUNTS.values())

AccountRow: TypeAlias = tuple[
    int, str, int, int, int, str, int, int | None, bytes | None
]  # of `_COLUMNS`


@dataclass(frozen=True, slots=True)
class Statement:
    """An account and its balance in the current epoch."""

    account: Account
    balance: Funds
    created_at: float


def open_account(
    connection: sqlite3.Connection,
    name: str,
    *,
    usd: int,
    diem_allocation: int,
    tier: str,
    now: float,
) -> Statement:
    """Open an account with initial nano-USD and nano-DIEM for each epoch.

    Raises:
        NameTakenError: an account of this name exists.
    """
    if connection.execute(_TAKEN, (name,)).fetchone() is not None:
        raise NameTakenError(f"The account {name!r} already exists. Choose another name.")
    connection.execute(_OPEN, (name, tier, diem_allocation, milliseconds(now)))
    if usd:
        return grant(connection, name, usd, notes="opening grant", now=now)
    return statement(connection, name, now)


def grant(
    connection: sqlite3.Connection,
    name: str,
    usd: int,
    *,
    notes: str,
    now: float,
    grant_id: str | None = None,
) -> Statement:
    """Credit an account with nano-USD; a grant of an id that is there changes nothing.

    Raises:
        UnknownNameError: there is no account of this name.
        GrantDiffersError: the grant of this id is another one.
        BalanceTooLargeError: the ledger cannot hold so much.
    """
    account_id, _, balance, *_ = _find(connection, name)
    if grant_id is not None:
        made = connection.execute(_GRANTED, (id_bytes(grant_id),)).fetchone()
        if made == (account_id, usd, notes):
            return statement(connection, name, now)
        if made is not None:
            raise GrantDiffersError("There is another grant of this id.")
    if balance + usd > MOST:
        raise BalanceTooLargeError(
            f"The balance of the account {name!r} would be more than the ledger can hold. Grant less."
        )
    kind = EntryKind.GRANT
    accounts.enter(
        connection, Entry(account_id, kind, Currency.USD, usd, now, grant_id, notes=notes)
    )
    return statement(connection, name, now)


def change(
    connection: sqlite3.Connection, name: str, changed: AccountChange, now: float
) -> Statement:
    """Change an account's tier and allocation, or disable or enable it with its keys.

    Raises:
        UnknownNameError: there is no account of this name.
    """
    account_id = id_of(connection, name)
    if changed.diem_allocation is not None:
        accounts.allocate(connection, account_id, changed.diem_allocation, now)
    if changed.tier is not None:
        connection.execute(_SET_TIER, (changed.tier, account_id))
    if changed.disabled is not None:
        at_ms = milliseconds(now) if changed.disabled else None
        connection.execute(_SET_DISABLED, (at_ms, account_id))
    return statement(connection, name, now)


def id_of(connection: sqlite3.Connection, name: str) -> int:
    """Return the id of an account.

    Raises:
        UnknownNameError: there is no account of this name.
    """
    return _find(connection, name)[0]


def statement(connection: sqlite3.Connection, name: str, now: float) -> Statement:
    """Return an account with its balance.

    Raises:
        UnknownNameError: there is no account of this name.
    """
    return _statement(connection, _find(connection, name), now)


def statements(
    connection: sqlite3.Connection, now: float, *, most: int = -1, skipped: int = 0
) -> Iterator[Statement]:
    """Yield accounts but the ledger's own, ordered by name; with a negative `most` all of them."""
    rows = connection.execute(_PAGE, (_LAST_SYSTEM_ACCOUNT, most, skipped)).fetchall()
    return (_statement(connection, row, now) for row in rows)


def count(connection: sqlite3.Connection) -> int:
    """Return how many accounts there are but the ledger's own."""
    (number,) = connection.execute(_COUNT, (_LAST_SYSTEM_ACCOUNT,)).fetchone()
    return int(number)


def keys_of(
    connection: sqlite3.Connection, account_id: int, now: float
) -> tuple[int, float | None]:
    """Return how many keys of an account can be used, and when one was used last."""
    parameters = (milliseconds(now), account_id)
    number, used_ms = connection.execute(_KEYS, parameters).fetchone()
    return number, None if used_ms is None else used_ms / 1000


def _statement(connection: sqlite3.Connection, row: AccountRow, now: float) -> Statement:
    account_id, name, usd, diem, allocation, tier, created_ms, disabled_ms, wallet = row
    epoch = epoch_of(now)
    snapshot = AccountSnapshot(
        balance=Funds(usd=usd, diem=diem),
        diem_allocation=allocation,
        diem_epoch=_last_epoch(connection, account_id, epoch),
    )
    disabled = disabled_ms is not None
    return Statement(
        account=Account(account_id, name, allocation, tier, disabled, address_of(wallet)),
        balance=snapshot.at(epoch),
        created_at=created_ms / 1000,
    )


def _find(connection: sqlite3.Connection, name: str) -> AccountRow:
    row: AccountRow | None = connection.execute(_FIND, (name, _LAST_SYSTEM_ACCOUNT)).fetchone()
    if row is None:
        raise UnknownNameError(
            f"There is no account {name!r}. List them with: fondaco accounts list"
        )
    return row


def _last_epoch(connection: sqlite3.Connection, account_id: int, until: int) -> int:
    (refill,) = connection.execute(_LAST_REFILL, refills(account_id, until)).fetchone()
    return epoch_in(refill)
