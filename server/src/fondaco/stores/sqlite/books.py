"""The books: accounts, keys and money as an operator sees and changes them, beside a running server."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection, Row, Select, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or
from sqlalchemy.exc import SQLAlchemyError

from fondaco.domain.account import SYSTEM_ACCOUNTS, Account, Key, KeyType, digest, secret_of
from fondaco.domain.epoch import epoch_of
from fondaco.domain.errors import StorageFailedError
from fondaco.domain.ledger import Entry, EntryKind, Standing
from fondaco.domain.money import Currency, Funds
from fondaco.ports import Clock
from fondaco.stores.errors import NameTakenError, UnknownNameError
from fondaco.stores.sqlite import audit, schema
from fondaco.stores.sqlite.engine import READING, engine_for
from fondaco.stores.sqlite.rows import (
    CURRENCIES,
    KINDS,
    KeyRow,
    epoch_in,
    key_of,
    milliseconds,
    movements,
    refills,
)

AccountRow: TypeAlias = Row[int, int, int, int, str, int, int | None]


@dataclass(frozen=True, slots=True)
class Statement:
    """An account and what it has in the current epoch."""

    account: Account
    balance: Funds
    created_at: float


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with its secret: the only time that it is seen."""

    key: Key
    secret: str


class Books:
    """Accounts, keys and money in a database that `migrate.upgrade` has seen.

    Every method blocks. Each change is one transaction; a server that runs on the same database sees
    it within a second.
    """

    def __init__(self, path: Path, pepper: bytes, clock: Clock) -> None:
        """Open the books; `pepper` is the home's."""
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
                self._enter(connection, self._grant(opened, usd, "opening grant"))
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
            self._enter(connection, self._grant(account_id, usd, notes))
            return self._statement(connection, name)

    def allocate(self, name: str, diem: int) -> Statement:
        """Set the nano-DIEM that an account gets at each epoch.

        More of it counts at once, less from the next epoch on.

        Raises:
            UnknownNameError: there is none of this name.
        """
        account = schema.account
        with self._changing() as connection:
            before = _find(connection, name)
            connection.execute(
                update(account).where(account.c.id == before.id).values(diem_allocation=diem)
            )
            raised = diem - before.diem_allocation
            refilled = _last_epoch(connection, before.id) >= epoch_of(self._clock.now())
            if raised > 0 and refilled:
                kind, notes = EntryKind.ADJUSTMENT, "allocation raised"
                entry = Entry(
                    before.id, kind, Currency.DIEM, raised, self._clock.now(), notes=notes
                )
                self._enter(connection, entry)
            return self._statement(connection, name)

    def make_key(
        self,
        account: str,
        type_: KeyType,
        description: str = "",
        *,
        expires_at: float | None = None,
    ) -> NewKey:
        """Make a key for an account.

        Raises:
            UnknownNameError: there is no such account.
        """
        secret = secret_of(type_, secrets.randbits(256))
        key = schema.key
        public_id = secrets.token_bytes(16)
        with self._changing() as connection:
            connection.execute(
                insert(key).values(
                    public_id=public_id,
                    account_id=_find(connection, account).id,
                    type=type_.value,
                    description=description,
                    digest=digest(self._pepper, secret),
                    last6=secret[-6:],
                    created_ms=milliseconds(self._clock.now()),
                    expires_ms=None if expires_at is None else milliseconds(expires_at),
                )
            )
            row = connection.execute(_keys().where(key.c.public_id == public_id)).one()
        return NewKey(key_of(row), secret)

    def keys(self, account: str | None = None) -> list[Key]:
        """Return the keys of an account or of all, revoked ones included, oldest first.

        Raises:
            UnknownNameError: there is no such account.
        """
        key = schema.key
        with self._reading() as connection:
            wanted = _keys().order_by(key.c.id)
            if account is not None:
                wanted = wanted.where(key.c.account_id == _find(connection, account).id)
            return [key_of(row) for row in connection.execute(wanted)]

    def revoke(self, key_id: str) -> Key:
        """End a key for good; a key revoked before stays so.

        Raises:
            UnknownNameError: there is no key of this id.
        """
        key = schema.key
        try:
            this = key.c.public_id == bytes.fromhex(key_id)
        except ValueError as error:
            raise _no_key(key_id) from error
        with self._changing() as connection:
            connection.execute(
                update(key)
                .where(this, key.c.revoked_ms.is_(None))
                .values(revoked_ms=milliseconds(self._clock.now()))
            )
            row = connection.execute(_keys().where(this)).one_or_none()
        if row is None:
            raise _no_key(key_id)
        return key_of(row)

    def verify(self) -> list[str]:
        """Return everything that does not add up: nothing, for sound books."""
        with self._reading() as connection:
            return audit.findings(connection)

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StorageFailedError from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect().execution_options(**READING) as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StorageFailedError from error

    def _statement(self, connection: Connection, name: str) -> Statement:
        row = _find(connection, name)
        standing = Standing(
            balance=Funds(usd=row.usd, diem=row.diem),
            diem_allocation=row.diem_allocation,
            diem_epoch=_last_epoch(connection, row.id),
        )
        return Statement(
            account=Account(
                row.id, name, row.diem_allocation, row.tier, row.disabled_ms is not None
            ),
            balance=standing.at(epoch_of(self._clock.now())),
            created_at=row.created_ms / 1000,
        )

    def _grant(self, account_id: int, usd: int, notes: str) -> Entry:
        at = self._clock.now()
        return Entry(account_id, EntryKind.GRANT, Currency.USD, usd, at, notes=notes)

    def _enter(self, connection: Connection, entry: Entry) -> None:
        connection.execute(insert_or(schema.sku).values(name="").on_conflict_do_nothing())
        nameless = select(schema.sku.c.id).where(schema.sku.c.name == "").scalar_subquery()
        connection.execute(
            insert(schema.entry).values(
                account_id=entry.account_id,
                kind=KINDS[entry.kind],
                currency=CURRENCIES[entry.currency],
                amount=entry.amount,
                at_ms=milliseconds(entry.at),
                sku_id=nameless,
                units=0,
                unit_price=0,
                execution_ms=0,
                notes=entry.notes,
            )
        )
        account = schema.account
        for moved_id, usd, diem in movements((entry,)):
            connection.execute(
                update(account)
                .where(account.c.id == moved_id)
                .values(usd=account.c.usd + usd, diem=account.c.diem + diem)
            )


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
        ).where(account.name == name, account.id.not_in(SYSTEM_ACCOUNTS.values()))
    )
    row = found.one_or_none()
    if row is None:
        raise UnknownNameError(
            f"There is no account {name!r}. List them with: fondaco accounts list"
        )
    return row


def _last_epoch(connection: Connection, account_id: int) -> int:
    refill = schema.entry.c.call_id
    return epoch_in(
        connection.scalar(select(func.max(refill)).where(refill.between(*refills(account_id))))
    )


def _keys() -> Select[*KeyRow]:
    key = schema.key.c
    return select(
        key.public_id,
        key.account_id,
        key.type,
        key.description,
        key.last6,
        key.created_ms,
        key.expires_ms,
        key.revoked_ms,
    )


def _no_key(key_id: str) -> UnknownNameError:
    return UnknownNameError(f"There is no key {key_id!r}. List them with: fondaco keys list")
