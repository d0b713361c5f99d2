"""The admin store: accounts, keys and money, for the operator's commands beside a running server."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.jobs import PaidJob
from fondaco.domain.money.account import (
    MOST_KEYS,
    UNLIMITED,
    ConsumptionLimit,
    Key,
    KeyType,
    NewKey,
    digest,
    key_id_of,
    new_key,
)
from fondaco.ports import AccountChange, Clock, KeyReport
from fondaco.stores.errors import DatabaseUnusableError, UnknownNameError
from fondaco.stores.sqlite.accounts import account_rows, audit, key_rows, session_rows
from fondaco.stores.sqlite.accounts.account_rows import Statement
from fondaco.stores.sqlite.jobs.listing import listed
from fondaco.stores.sqlite.ledger import clock_confirmations, quarantine
from fondaco.stores.sqlite.ledger.clock_confirmations import Ahead
from fondaco.stores.sqlite.ledger.commands import Begin
from fondaco.stores.sqlite.ledger.quarantine import QuarantinedWrite
from fondaco.stores.sqlite.ledger.replay import entered
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.rows import milliseconds

_REVOKE_ALL = "UPDATE key SET revoked_ms = ? WHERE revoked_ms IS NULL"


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
            return account_rows.open_account(
                connection,
                name,
                usd=usd,
                diem_allocation=diem_allocation,
                tier=tier,
                now=self._clock.now(),
            )

    def accounts(self) -> list[Statement]:
        """Return all accounts but the ledger's own, ordered by name."""
        with self._reading() as connection:
            return list(account_rows.statements(connection, self._clock.now()))

    def account(self, name: str) -> Statement:
        """Return one account.

        Raises:
            UnknownNameError: there is no account of this name.
        """
        with self._reading() as connection:
            return account_rows.statement(connection, name, self._clock.now())

    def grant(self, name: str, usd: int, notes: str = "") -> Statement:
        """Credit an account with nano-USD.

        Raises:
            UnknownNameError: there is no account of this name.
            BalanceTooLargeError: the ledger cannot hold so much.
        """
        with self._changing() as connection:
            return account_rows.grant(connection, name, usd, notes=notes, now=self._clock.now())

    def allocate(self, name: str, diem: int) -> Statement:
        """Set the nano-DIEM that an account gets at each epoch.

        An increase takes effect at once, a decrease at the next epoch.

        Raises:
            UnknownNameError: there is no account of this name.
        """
        with self._changing() as connection:
            change = AccountChange(diem_allocation=diem)
            return account_rows.change(connection, name, change, self._clock.now())

    def change_account(
        self, name: str, *, tier: str | None = None, disabled: bool | None = None
    ) -> Statement:
        """Change an account's tier, or disable or enable it with its keys.

        Raises:
            UnknownNameError: there is no account of this name.
        """
        with self._changing() as connection:
            change = AccountChange(tier, disabled)
            return account_rows.change(connection, name, change, self._clock.now())

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
                account_id=account_rows.id_of(connection, account),
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
            account_id = None if account is None else account_rows.id_of(connection, account)
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
                return [*audit.findings(connection), *audit.log_findings(self._path)]
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
        entered(self._path)
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
