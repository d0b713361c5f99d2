"""The books: accounts, keys and money as an operator sees and changes them, beside a running server."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from fondaco.domain.errors import StorageFailedError
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
from fondaco.stores.sqlite.accounts import accounts, audit, key_rows
from fondaco.stores.sqlite.ledger import clock_confirmations, quarantine
from fondaco.stores.sqlite.ledger.clock_confirmations import Ahead
from fondaco.stores.sqlite.ledger.quarantine import QuarantinedWrite
from fondaco.stores.sqlite.tables import schema
from fondaco.stores.sqlite.tables.engine import READING, engine_for
from fondaco.stores.sqlite.tables.rows import address_of, epoch_in, milliseconds, refills

AccountRow: TypeAlias = Row[int, int, int, int, str, int, int | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Statement:
    """An account and what it has in the current epoch."""

    account: Account
    balance: Funds
    created_at: float


class AdminStore:
    """Accounts, keys and money in a database that `migrate.upgrade` has seen.

    Every method blocks. Each change is one transaction; a server that runs on the same database sees
    it within a second.
    """

    def __init__(self, path: Path, pepper: bytes | Callable[[], bytes], clock: Clock) -> None:
        """Open the books; `pepper` is the home's, or returns it where a key is made."""
        self._engine = engine_for(path)
        self._pepper = pepper
        self._clock = clock

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def open_account(
        self, name: str, *, usd: int = 0, diem_allocation: int = 0, tier: str = "paid"
    ) -> Statement:
        """Make an account, with nano-USD to begin with and nano-DIEM for each epoch.

        Raises:
            NameTakenError: there is one of this name.
        """
        account = schema.account
        with self._changing() as connection:
            if connection.scalar(select(account.c.id).where(account.c.name == name)) is not None:
                raise NameTakenError(f"There is an account {name!r} already. Choose another name.")
            connection.execute(
                insert(account).values(
                    name=name,
                    tier=tier,
                    diem_allocation=diem_allocation,
                    created_ms=milliseconds(self._clock.now()),
                )
            )
            if usd:
                opened = _find(connection, name).id
                accounts.enter(_raw(connection), self._grant(opened, usd, "opening grant"))
            return self._statement(connection, name)

    def accounts(self) -> list[Statement]:
        """Return every account of people, in the order of their names."""
        with self._reading() as connection:
            account = schema.account.c
            people = account.id.not_in(SYSTEM_ACCOUNTS.values())
            names = connection.scalars(select(account.name).where(people).order_by(account.name))
            return [self._statement(connection, name) for name in names.all()]

    def account(self, name: str) -> Statement:
        """Return one account.

        Raises:
            UnknownNameError: there is none of this name.
        """
        with self._reading() as connection:
            return self._statement(connection, name)

    def grant(self, name: str, usd: int, notes: str = "") -> Statement:
        """Give an account nano-USD.

        Raises:
            UnknownNameError: there is none of this name.
        """
        with self._changing() as connection:
            account_id = _find(connection, name).id
            accounts.enter(_raw(connection), self._grant(account_id, usd, notes))
            return self._statement(connection, name)

    def allocate(self, name: str, diem: int) -> Statement:
        """Set the nano-DIEM that an account gets at each epoch.

        More of it counts at once, less from the next epoch on.

        Raises:
            UnknownNameError: there is none of this name.
        """
        with self._changing() as connection:
            account_id = _find(connection, name).id
            accounts.allocate(_raw(connection), account_id, diem, self._clock.now())
            return self._statement(connection, name)

    def change_account(
        self, name: str, *, tier: str | None = None, disabled: bool | None = None
    ) -> Statement:
        """Put an account into another tier, or take it and its keys out of use and back.

        Raises:
            UnknownNameError: there is none of this name.
        """
        account = schema.account
        with self._changing() as connection:
            this = account.c.id == _find(connection, name).id
            if tier is not None:
                connection.execute(update(account).where(this).values(tier=tier))
            if disabled is not None:
                at_ms = milliseconds(self._clock.now()) if disabled else None
                connection.execute(update(account).where(this).values(disabled_ms=at_ms))
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
        """Make a key for an account.

        Raises:
            UnknownNameError: there is no such account.
            TooManyKeysError: it has as many as it may.
            PepperLostError, HomeUnusableError: the home's pepper is no longer what it was.
        """
        pepper = self._pepper() if callable(self._pepper) else self._pepper
        with self._changing() as connection:
            made = new_key(
                type_,
                key_id=secrets.token_hex(16),
                secret_bits=secrets.randbits(256),
                account_id=_find(connection, account).id,
                description=description,
                created_at=self._clock.now(),
                expires_at=expires_at,
                limit=limit,
            )
            hashed = digest(pepper, made.secret)
            key_rows.add(_raw(connection), made.key, hashed, MOST_KEYS)
        return made

    def keys(self, account: str | None = None) -> list[KeyReport]:
        """Return the keys of an account or of all, revoked ones included, oldest first.

        Raises:
            UnknownNameError: there is no such account.
        """
        with self._reading() as connection:
            account_id = None if account is None else _find(connection, account).id
            return key_rows.ever(_raw(connection), self._clock.now(), account_id)

    def key(self, key_id: str) -> KeyReport:
        """Return one key, which may be revoked.

        Raises:
            UnknownNameError: there is no key of this id.
        """
        with self._reading() as connection:
            return self._key(connection, key_id)

    def change_key(self, key_id: str, changed: Callable[[Key], Key]) -> KeyReport:
        """Give a key the description, end and limit that it has in `changed(key)`.

        Raises:
            UnknownNameError: there is no key of this id, or it is revoked or has expired.
        """
        with self._changing() as connection:
            before = self._key(connection, key_id).key
            if not before.live(self._clock.now()):
                raise UnknownNameError(
                    f"The key {key_id!r} is revoked or has expired, and stays so. Make a new one."
                )
            key_rows.change(_raw(connection), before.account_id, before.id, changed)
            return self._key(connection, key_id)

    def revoke(self, key_id: str) -> Key:
        """End a key for good; a key revoked before stays so.

        Raises:
            UnknownNameError: there is no key of this id.
        """
        with self._changing() as connection:
            key = self._key(connection, key_id).key
            key_rows.revoke(_raw(connection), key.account_id, key.id, self._clock.now())
            return self._key(connection, key_id).key

    def revoke_all(self) -> int:
        """End every key for good; return how many were not ended before."""
        key = schema.key
        with self._changing() as connection:
            ending = update(key).where(key.c.revoked_ms.is_(None))
            ended = connection.execute(ending.values(revoked_ms=milliseconds(self._clock.now())))
            return ended.rowcount

    def verify(self) -> list[str]:
        """Return everything that does not add up or waits for the operator: nothing, for sound books."""
        try:
            with self._reading() as connection:
                return audit.findings(connection)
        except StorageFailedError as error:
            cause = error.__cause__
            why = cause.orig if isinstance(cause, DBAPIError) else cause
            return [f"The database cannot be read: {why}."]
        except DatabaseUnusableError as error:
            return [str(error)]

    def quarantine(self) -> list[QuarantinedWrite]:
        """Return the writes that could never be made, oldest first."""
        with self._reading() as connection:
            return quarantine.listed(_raw(connection))

    def ahead_of_clock(self) -> Ahead:
        """Return what the ledger has of days after tomorrow, by the machine's clock."""
        with self._reading() as connection:
            return clock_confirmations.ahead(_raw(connection), self._clock.now())

    def trust_clock(self) -> None:
        """Keep that the machine's clock is right now, whatever the ledger's entries say."""
        with self._changing() as connection:
            clock_confirmations.say(_raw(connection), self._clock.now())

    def discard(self, id_: int) -> None:
        """Let a write in the quarantine wait no longer.

        Raises:
            UnknownNameError: nothing of this id waits.
        """
        with self._changing() as connection:
            quarantine.discard(_raw(connection), id_)

    def retry(self, id_: int) -> None:
        """Make a write in the quarantine after all.

        Raises:
            UnknownNameError: nothing of this id waits.
            StillUnwritableError: it still cannot be made; nothing was written.
        """
        with self._changing() as connection:
            quarantine.retry(_raw(connection), id_)

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StorageFailedError from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect().execution_options(**READING) as connection:
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StorageFailedError from error

    def _key(self, connection: Connection, key_id: str) -> KeyReport:
        now = self._clock.now()
        wanted = key_id_of(key_id)
        found = None if wanted is None else key_rows.anybodys(_raw(connection), wanted, now)
        if found is None:
            raise UnknownNameError(f"There is no key {key_id!r}. List them with: fondaco keys list")
        return found

    def _statement(self, connection: Connection, name: str) -> Statement:
        row = _find(connection, name)
        epoch = epoch_of(self._clock.now())
        snapshot = AccountSnapshot(
            balance=Funds(usd=row.usd, diem=row.diem),
            diem_allocation=row.diem_allocation,
            diem_epoch=_last_epoch(connection, row.id, epoch),
        )
        return Statement(
            account=Account(
                row.id,
                name,
                row.diem_allocation,
                row.tier,
                row.disabled_ms is not None,
                address_of(row.wallet),
            ),
            balance=snapshot.at(epoch),
            created_at=row.created_ms / 1000,
        )

    def _grant(self, account_id: int, usd: int, notes: str) -> Entry:
        at = self._clock.now()
        return Entry(account_id, EntryKind.GRANT, Currency.USD, usd, at, notes=notes)


def _raw(connection: Connection) -> sqlite3.Connection:
    """Return SQLite's own connection under SQLAlchemy's, in the same transaction."""
    raw = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):
        raise TypeError("The books are kept in SQLite.")
    return raw


def _find(connection: Connection, name: str) -> AccountRow:
    account = schema.account.c
    found = connection.execute(
        select(
            account.id,
            account.usd,
            account.diem,
            account.diem_allocation,
            account.tier,
            account.created_ms,
            account.disabled_ms,
            account.wallet,
        ).where(account.name == name, account.id.not_in(SYSTEM_ACCOUNTS.values()))
    )
    row = found.one_or_none()
    if row is None:
        raise UnknownNameError(
            f"There is no account {name!r}. List them with: fondaco accounts list"
        )
    return row


def _last_epoch(connection: Connection, account_id: int, until: int) -> int:
    refill = schema.entry.c.call_id
    return epoch_in(
        connection.scalar(
            select(func.max(refill)).where(refill.between(*refills(account_id, until)))
        )
    )
