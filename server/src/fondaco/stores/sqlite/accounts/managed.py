"""Accounts in SQLite for the operator of a running server, by the rules of the commands."""

import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio.to_thread

from fondaco.domain.errors import (
    ConflictError,
    IdempotencyKeyReusedError,
    InvalidRequestError,
    NotFoundError,
    StorageFailedError,
)
from fondaco.ports import AccountChange, AccountPage, AccountReport, Journal
from fondaco.stores.errors import (
    BalanceTooLargeError,
    GrantDiffersError,
    NameTakenError,
    UnknownNameError,
)
from fondaco.stores.sqlite.accounts import account_rows
from fondaco.stores.sqlite.accounts.account_rows import Statement
from fondaco.stores.sqlite.tables.connection import connect

T = TypeVar("T")


class SqliteManagedAccounts:
    """All accounts over a connection of their own, used by one thread at a time.

    To the journal a change is that of another process: the query after it has the journal's listeners
    told before the caller goes on.
    """

    def __init__(self, path: Path, journal: Journal) -> None:
        """Open the database of a journal.

        Raises:
            DatabaseUnusableError: the file cannot be opened.
        """
        self._connection = connect(path)
        self._journal = journal
        self._in_use = threading.Lock()

    async def page(self, page: int, limit: int, at: float) -> AccountPage:
        """Return a page of accounts."""
        return await self._run("BEGIN", partial(_page, page=page, limit=limit, at=at))

    async def find(self, name: str, at: float) -> AccountReport:
        """Return one account."""
        return await self._run("BEGIN", partial(_find, name=name, at=at))

    async def open(
        self, name: str, *, usd: int, diem_allocation: int, tier: str, at: float
    ) -> AccountReport:
        """Open an account."""
        opened = partial(
            account_rows.open_account,
            name=name,
            usd=usd,
            diem_allocation=diem_allocation,
            tier=tier,
            now=at,
        )
        return await self._change(opened, at)

    async def change(self, name: str, change: AccountChange, at: float) -> AccountReport:
        """Change an account."""
        changed = partial(account_rows.change, name=name, changed=change, now=at)
        return await self._change(changed, at)

    async def grant(
        self, name: str, usd: int, notes: str, at: float, *, grant_id: str | None = None
    ) -> AccountReport:
        """Credit an account."""
        granted = partial(
            account_rows.grant, name=name, usd=usd, notes=notes, now=at, grant_id=grant_id
        )
        return await self._change(granted, at)

    def close(self) -> None:
        """Close the connection."""
        with self._in_use:
            self._connection.close()

    async def _change(
        self, change: Callable[[sqlite3.Connection], Statement], at: float
    ) -> AccountReport:
        """Make a change in one transaction, and have the journal's listeners told of it."""
        report = await self._run(
            "BEGIN IMMEDIATE", lambda connection: _report(connection, change(connection), at)
        )
        await self._journal.snapshot(report.account.id)
        return report

    async def _run(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        await self._journal.write(())  # so that the database has all charges
        return await anyio.to_thread.run_sync(self._run_blocking, begin, work)

    def _run_blocking(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with self._in_use, _translated():
                self._connection.execute(begin)
                try:
                    result = work(self._connection)
                    self._connection.execute("COMMIT")
                finally:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StorageFailedError from error
        return result


@contextmanager
def _translated() -> Generator[None]:
    """Raise errors about accounts as callers of the API get them."""
    try:
        yield
    except NameTakenError as error:
        raise ConflictError(str(error)) from error
    except UnknownNameError as error:
        raise NotFoundError from error
    except GrantDiffersError as error:
        raise IdempotencyKeyReusedError from error
    except BalanceTooLargeError as error:
        raise InvalidRequestError(faults={"usd": (str(error),)}) from error


def _page(connection: sqlite3.Connection, *, page: int, limit: int, at: float) -> AccountPage:
    statements = account_rows.statements(connection, at, most=limit, skipped=(page - 1) * limit)
    reports = [_report(connection, statement, at) for statement in statements]
    return AccountPage(reports, account_rows.count(connection))


def _find(connection: sqlite3.Connection, *, name: str, at: float) -> AccountReport:
    return _report(connection, account_rows.statement(connection, name, at), at)


def _report(connection: sqlite3.Connection, statement: Statement, at: float) -> AccountReport:
    keys, used_at = account_rows.keys_of(connection, statement.account.id, at)
    return AccountReport(statement.account, statement.balance, statement.created_at, keys, used_at)
