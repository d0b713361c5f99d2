"""The admin store: accounts, keys and money, for the operator's commands beside a running server."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.jobs import PaidJob
from fondaco.domain.money.account import (
    MOST_KEYS,
    SYSTEM_ACCOUNTS,
    UNLIMITED,
    Account,
    ConsumptionLimit,
    Key,
    KeyType,
    NewKey,
    digest,
    key_id_of,
    new_key,
)
from fondaco.domain.money.epoch import epoch_of
from fondaco.domain.money.ledger import AccountSnapshot, Entry, EntryKind
from fondaco.domain.money.money import Currency, Funds
from fondaco.ports import Clock, KeyReport
from fondaco.stores.errors import DatabaseUnusableError, NameTakenError, UnknownNameError
from fondaco.stores.sqlite.accounts import accounts, audit, key_rows, session_rows
from fondaco.stores.sqlite.jobs.listing import listed
from fondaco.stores.sqlite.ledger import clock_confirmations, quarantine
from fondaco.stores.sqlite.ledger.clock_confirmations import Ahead
from fondaco.stores.sqlite.ledger.commands import Begin
from fondaco.stores.sqlite.ledger.quarantine import QuarantinedWrite
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.rows import address_of, epoch_in, milliseconds, refills

_TAKEN = "SELECT 1 FROM account WHERE name = ?"
_OPEN = "INSERT INTO account (name, tier, diem_allocation, created_ms) VALUES (?, ?, ?, ?)"
_NAMES = "SELECT name FROM account WHERE id > ? ORDER BY name"
_FIND = """
SELECT id, usd, diem, diem_allocation, tier, created_ms, disabled_ms, wallet
FROM account WHERE name = ? AND id > ?
"""
_LAST_REFILL = "SELECT max(call_id) FROM entry WHERE call_id BETWEEN ? AND ?"
_SET_TIER = "UPDATE account SET tier = ? WHERE id = ?"
_SET_DISABLED = "UPDATE account SET disabled_ms = ? WHERE id = ?"
_REVOKE_ALL = "UPDATE key SET revoked_ms = ? WHERE revoked_ms IS NULL"

_LAST_SYSTEM_ACCOUNT = max(SYSTEM_ACCOUNTS.values())

AccountRow: TypeAlias = tuple[int, int, int, int, str, int, int | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Statement:
    """An account and its balance in the current epoch."""

    account: Account
    balance: Funds
    created_at: float


class AdminStore:
    """Accounts, keys and money in a database that `migrate.upgrade` has seen.

    Every method blocks. Each change is one transaction; a server that runs on the same database sees
    it within a second.
    """

    def __init__(self, path: Path, pepper: bytes | Callable[[], bytes], clock: Clock) -> None:
        """Prepare for a database; `pepper` is the home's, or a function that returns it, called for new keys."""
        self._path = path
        self._pepper = pepper
        self._clock = clock

    def open_account(
        self, name: str, *, usd: int = 0, diem_allocation: int = 0, tier: str = "paid"
    ) -> Statement:
        """Open an account with initial nano-USD and nano-DIEM for each epoch.

        Raises:
            NameTakenError: an account of this name exists.
        """
        with self._changing() as connection:
            if connection.execute(_TAKEN, (name,)).fetchone() is not None:
                raise NameTakenError(f"There is an account {name!r} already. Choose another name.")
            created_ms = milliseconds(self._clock.now())
            connection.execute(_OPEN, (name, tier, diem_allocation, created_ms))
            if usd:
                account_id = _id(connection, name)
                accounts.enter(connection, self._grant(account_id, usd, "opening grant"))
            return self._statement(connection, name)

    def accounts(self) -> list[Statement]:
        """Return all accounts but the ledger's own, ordered by name."""
        with self._reading() as connection:
            names = connection.execute(_NAMES, (_LAST_SYSTEM_ACCOUNT,)).fetchall()
            return [self._statement(connection, name) for (name,) in names]

    def account(self, name: str) -> Statement:
        """Return one account.

        Raises:
            UnknownNameError: there is no account of this name.
        """
        with self._reading() as connection:
            return self._statement(connection, name)

    def grant(self, name: str, usd: int, notes: str = "") -> Statement:
        """Credit an account with nano-USD.

        Raises:
            UnknownNameError: there is no account of this name.
        """
        with self._changing() as connection:
            account_id = _id(connection, name)
            accounts.enter(connection, self._grant(account_id, usd, notes))
            return self._statement(connection, name)

    def allocate(self, name: str, diem: int) -> Statement:
        """Set the nano-DIEM that an account gets at each epoch.

        An increase takes effect at once, a decrease at the next epoch.

        Raises:
            UnknownNameError: there is no account of this name.
        """
        with self._changing() as connection:
            account_id = _id(connection, name)
            accounts.allocate(connection, account_id, diem, self._clock.now())
            return self._statement(connection, name)

    def change_account(
        self, name: str, *, tier: str | None = None, disabled: bool | None = None
    ) -> Statement:
        """Change an account's tier, or disable or enable it with its keys.

        Raises:
            UnknownNameError: there is no account of this name.
        """
        with self._changing() as connection:
            account_id = _id(connection, name)
            if tier is not None:
                connection.execute(_SET_TIER, (tier, account_id))
            if disabled is not None:
                at_ms = milliseconds(self._clock.now()) if disabled else None
                connection.execute(_SET_DISABLED, (at_ms, account_id))
            return self._statement(connection, name)

    def make_key(
        self,
        account: str,
        type_: KeyType,
        description: str = "",
        *,
        expires_at: float | None = None,
        limit: ConsumptionLimit = UNLIMITED,
    ) -> NewKey:
        """Create a key for an account.

        Raises:
            UnknownNameError: there is no such account.
            TooManyKeysError: it has the maximum number of active keys.
            PepperLostError, HomeUnusableError: the home's pepper is missing or damaged.
        """
        pepper = self._pepper() if callable(self._pepper) else self._pepper
        with self._changing() as connection:
            key = new_key(
                type_,
                key_id=secrets.token_hex(16),
                secret_bits=secrets.randbits(256),
                account_id=_id(connection, account),
                description=description,
                created_at=self._clock.now(),
                expires_at=expires_at,
                limit=limit,
            )
            hashed = digest(pepper, key.secret)
            key_rows.add(connection, key.key, hashed, MOST_KEYS)
        return key

    def keys(self, account: str | None = None) -> list[KeyReport]:
        """Return the keys of an account or of all, revoked ones included, oldest first.

        Raises:
            UnknownNameError: there is no such account.
        """
        with self._reading() as connection:
            account_id = None if account is None else _id(connection, account)
            return key_rows.all_keys(connection, self._clock.now(), account_id)

    def key(self, key_id: str) -> KeyReport:
        """Return one key, even if it is revoked.

        Raises:
            UnknownNameError: there is no key of this id.
        """
        with self._reading() as connection:
            return self._key(connection, key_id)

    def change_key(self, key_id: str, changed: Callable[[Key], Key]) -> KeyReport:
        """Set a key's description, expiry and limit to those of `changed(key)`.

        Raises:
            UnknownNameError: there is no key of this id, or it is revoked or has expired.
        """
        with self._changing() as connection:
            before = self._key(connection, key_id).key
            if not before.live(self._clock.now()):
                raise UnknownNameError(
                    f"The key {key_id!r} is revoked or has expired, and stays so. Make a new one."
                )
            key_rows.change(connection, before.account_id, before.id, changed)
            return self._key(connection, key_id)

    def revoke(self, key_id: str) -> Key:
        """Revoke a key; revoking it again changes nothing.

        Raises:
            UnknownNameError: there is no key of this id.
        """
        with self._changing() as connection:
            key = self._key(connection, key_id).key
            key_rows.revoke(connection, key.account_id, key.id, self._clock.now())
            return self._key(connection, key_id).key

    def revoke_all(self) -> int:
        """Revoke every key, and with them all sessions and login links; return how many keys were active."""
        with self._changing() as connection:
            session_rows.delete_all(connection)
            return connection.execute(_REVOKE_ALL, (milliseconds(self._clock.now()),)).rowcount

    def verify(self) -> list[str]:
        """Audit the ledger: return a sentence for each inconsistency or waiting write; empty if sound."""
        try:
            with self._reading() as connection:
                return audit.findings(connection)
        except StorageFailedError as error:
            return [f"The database cannot be read: {error.__cause__}."]
        except DatabaseUnusableError as error:
            return [str(error)]

    def quarantine(self) -> list[QuarantinedWrite]:
        """Return the writes that wait in the quarantine, oldest first."""
        with self._reading() as connection:
            return quarantine.waiting_writes(connection)

    def jobs(self) -> list[tuple[str, PaidJob]]:
        """Return the jobs that there are with the names of their accounts, oldest first."""
        with self._reading() as connection:
            return listed(connection)

    def ahead_of_clock(self) -> Ahead:
        """Return the ledger's entries dated after tomorrow by the machine's clock."""
        with self._reading() as connection:
            return clock_confirmations.ahead(connection, self._clock.now())

    def trust_clock(self) -> None:
        """Record that the machine's clock is right, although the ledger has later entries."""
        with self._changing() as connection:
            clock_confirmations.confirm(connection, self._clock.now())

    def discard(self, id_: int) -> None:
        """Discard a write in the quarantine.

        Raises:
            UnknownNameError: no waiting write has this id.
        """
        with self._changing() as connection:
            quarantine.discard(connection, id_)

    def retry(self, id_: int) -> None:
        """Retry a write in the quarantine.

        Raises:
            UnknownNameError: no waiting write has this id.
            StillUnwritableError: it still cannot be made; nothing was changed.
        """
        with self._changing() as connection:
            quarantine.retry(connection, id_)

    def _changing(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._transaction("BEGIN IMMEDIATE")

    def _reading(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._transaction("BEGIN")

    @contextmanager
    def _transaction(self, begin: Begin) -> Iterator[sqlite3.Connection]:
        """Open a connection for one transaction; closing it rolls back what was not committed."""
        with closing(connect(self._path)) as connection:
            try:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise StorageFailedError from error

    def _key(self, connection: sqlite3.Connection, key_id: str) -> KeyReport:
        now = self._clock.now()
        full_id = key_id_of(key_id)
        report = None if full_id is None else key_rows.any_account(connection, full_id, now)
        if report is None:
            raise UnknownNameError(f"There is no key {key_id!r}. List them with: fondaco keys list")
        return report

    def _statement(self, connection: sqlite3.Connection, name: str) -> Statement:
        account_id, usd, diem, allocation, tier, created_ms, disabled_ms, wallet = _find(
            connection, name
        )
        epoch = epoch_of(self._clock.now())
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

    def _grant(self, account_id: int, usd: int, notes: str) -> Entry:
        at = self._clock.now()
        return Entry(account_id, EntryKind.GRANT, Currency.USD, usd, at, notes=notes)


def _id(connection: sqlite3.Connection, name: str) -> int:
    return _find(connection, name)[0]


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
