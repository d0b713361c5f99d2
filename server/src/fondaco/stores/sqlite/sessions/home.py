"""Sessions and login tokens that commands make through a home, beside the server that runs on it."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.money.account import MOST_KEYS, KeyType, digest, new_key
from fondaco.domain.sessions import (
    MOST_LOGINS,
    MOST_SESSIONS,
    is_for,
    login_token,
    session_token,
)
from fondaco.ports import Clock
from fondaco.stores.sqlite.accounts import key_rows, session_rows
from fondaco.stores.sqlite.tables.connection import connect

_BITS = 256


class HomeSessions:
    """Sessions and login tokens in a database that `migrate.upgrade` has seen.

    Every method blocks, and is one transaction; a server on the same database sees it at once. Each raises
    `StorageFailedError` where the database cannot be read or written.
    """

    def __init__(self, path: Path, pepper: bytes, clock: Clock) -> None:
        """Prepare for a database; `pepper` is the home's."""
        self._path = path
        self._pepper = pepper
        self._clock = clock

    def add_login(self, account_id: int, lifetime_s: float) -> str:
        """Return a new login token of an account, good once and for `lifetime_s`."""
        token, now = login_token(secrets.randbits(_BITS)), self._clock.now()
        with self._changing() as connection:
            session_rows.add_login(
                connection,
                digest(self._pepper, token),
                account_id,
                now,
                expires_at=now + lifetime_s,
                most=MOST_LOGINS,
            )
        return token

    def open_session(self, account_id: int, description: str, *, idle_timeout_s: float) -> str:
        """Return the token of a new session, of the account's ADMIN key with this description.

        The key is made where there is none.

        Raises:
            TooManyKeysError: there is none, and the account has as many keys as it may.
        """
        token, now = session_token(secrets.randbits(_BITS)), self._clock.now()
        with self._changing() as connection:
            session_rows.open_session(
                connection,
                digest(self._pepper, token),
                self._key_id(connection, account_id, description),
                now,
                idle_since=now - idle_timeout_s,
                most=MOST_SESSIONS,
            )
        return token

    def close(self, token: str) -> None:
        """End a session; no-op where there is none."""
        with self._changing() as connection:
            session_rows.close(connection, digest(self._pepper, token))

    def _key_id(self, connection: sqlite3.Connection, account_id: int, description: str) -> str:
        now = self._clock.now()
        for report in key_rows.active(connection, account_id, now):
            if is_for(report.key, description, now):
                return report.key.id
        made = new_key(
            KeyType.ADMIN,
            key_id=secrets.token_hex(16),
            secret_bits=secrets.randbits(_BITS),
            account_id=account_id,
            description=description,
            created_at=now,
        )
        key_rows.add(connection, made.key, digest(self._pepper, made.secret), MOST_KEYS)
        return made.key.id

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """Open a connection for one transaction; closing it rolls back what was not committed."""
        with closing(connect(self._path)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise StorageFailedError from error
