"""Accounts in SQLite: accounts of wallets, and allocations."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio.to_thread

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.account import Account
from fondaco.domain.money.epoch import begins, epoch_of
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from fondaco.domain.money.wallet import account_name
from fondaco.stores.sqlite.ledger.journal import snapshot_of
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.rows import CURRENCIES, KINDS, id_bytes, milliseconds

T = TypeVar("T")

_ENTER = """
INSERT INTO entry (account_id, kind, currency, amount, at_ms, call_id, sku_id, units, unit_price, execution_ms, notes)
VALUES (?, ?, ?, ?, ?, ?, (SELECT id FROM sku WHERE name = ''), 0, 0, 0, ?)
"""
_MOVE = "UPDATE account SET usd = usd + ?, diem = diem + ? WHERE id = ?"
_CHARGED = """
SELECT -ifnull(sum(amount), 0) FROM entry
WHERE account_id = ? AND kind = 1 AND currency = 2 AND at_ms >= ? AND at_ms < ?
"""
_ALLOCATE = "UPDATE account SET diem_allocation = ? WHERE id = ?"
_OPEN = """
INSERT INTO account (name, tier, created_ms, wallet) VALUES (?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET wallet = excluded.wallet
"""
"""On conflict, the operator opened the account before the wallet's first sign-in."""
_WITH_WALLET = """
SELECT id, name, diem_allocation, tier, disabled_ms IS NOT NULL, '0x' || lower(hex(wallet))
FROM account WHERE wallet IS NOT NULL
"""


def enter(connection: sqlite3.Connection, entry: Entry) -> None:
    """Append an entry that belongs to no call, within the caller's transaction."""
    connection.execute("INSERT INTO sku (name) VALUES ('') ON CONFLICT DO NOTHING")
    row = (
        entry.account_id,
        KINDS[entry.kind],
        CURRENCIES[entry.currency],
        entry.amount,
        milliseconds(entry.at),
        None if entry.call_id is None else id_bytes(entry.call_id),
        entry.notes,
    )
    connection.execute(_ENTER, row)
    amount = entry.amount
    usd, diem = (amount, 0) if entry.currency is Currency.USD else (0, amount)
    sides = [(usd, diem, entry.account_id), (-usd, -diem, entry.counterpart_id)]
    connection.executemany(_MOVE, sides)


def allocate(connection: sqlite3.Connection, account_id: int, diem: int, at: float) -> None:
    """Set the nano-DIEM that an account gets at each epoch, within the caller's transaction.

    An increase takes effect at once, a decrease at the next epoch.
    """
    epoch = epoch_of(at)
    before = snapshot_of(connection, account_id, until=epoch)
    if before is None:
        raise StorageFailedError
    since = (account_id, milliseconds(begins(epoch)), milliseconds(begins(epoch + 2)))
    (charged,) = connection.execute(_CHARGED, since).fetchone()
    connection.execute(_ALLOCATE, (diem, account_id))
    if raised := before.raised(diem, charged, epoch):
        kind, notes = EntryKind.ADJUSTMENT, "allocation raised"
        enter(connection, Entry(account_id, kind, Currency.DIEM, raised, at, notes=notes))


class SqliteAccounts:
    """Accounts of wallets over a connection of their own, used by one thread at a time."""

    def __init__(self, path: Path, *, tier: str = "paid") -> None:
        """Open the database; new accounts are of `tier`.

        Raises:
            DatabaseUnusableError: the file cannot be opened.
        """
        self._connection = connect(path)
        self._tier = tier
        self._in_use = threading.Lock()

    async def of_wallet(self, wallet: str, diem_allocation: int, at: float) -> Account:
        """Return the account of a wallet with this allocation; open it if there is none.

        Raises:
            StorageFailedError: the database cannot be read or written.
        """
        return await self._change(
            partial(_of_wallet, wallet=wallet, tier=self._tier, diem=diem_allocation, at=at)
        )

    async def with_wallets(self) -> Sequence[Account]:
        """Return all accounts of wallets, oldest first.

        Raises:
            StorageFailedError: the database cannot be read.
        """
        return await self._change(_with_wallets)

    async def allocate(self, account_id: int, diem_allocation: int, at: float) -> None:
        """Set the nano-DIEM that an account gets at each epoch.

        Raises:
            StorageFailedError: the database cannot be written, or has no such account.
        """
        await self._change(partial(allocate, account_id=account_id, diem=diem_allocation, at=at))

    def close(self) -> None:
        """Close the connection."""
        with self._in_use:
            self._connection.close()

    async def _change(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run a change in one transaction, in a thread."""
        return await anyio.to_thread.run_sync(self._run_change, change)

    def _run_change(self, change: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with self._in_use:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    result = change(self._connection)
                    self._connection.execute("COMMIT")
                finally:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StorageFailedError from error
        return result


def _of_wallet(
    connection: sqlite3.Connection, *, wallet: str, tier: str, diem: int, at: float
) -> Account:
    address = bytes.fromhex(wallet.removeprefix("0x"))
    this = f"{_WITH_WALLET} AND wallet = ?"
    row = connection.execute(this, (address,)).fetchone()
    if row is None:
        values = (account_name(wallet), tier, milliseconds(at), address)
        connection.execute(_OPEN, values)
        row = connection.execute(this, (address,)).fetchone()
    if row[2] != diem:
        allocate(connection, row[0], diem, at)
        row = connection.execute(this, (address,)).fetchone()
    return _account(row)


def _with_wallets(connection: sqlite3.Connection) -> Sequence[Account]:
    return [_account(row) for row in connection.execute(f"{_WITH_WALLET} ORDER BY id")]


def _account(row: tuple[int, str, int, str, int, str]) -> Account:
    account_id, name, diem_allocation, tier, disabled, wallet = row
    return Account(account_id, name, diem_allocation, tier, bool(disabled), wallet)
