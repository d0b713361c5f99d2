"""The store of sessions: changed by the ledger's writer, read beside it.

A commit of its own would look like that of another process, and empty the cache of keys. A token that nobody
has costs the writer nothing: anybody may send one.
"""

from typing import Final

from fondaco.domain.sessions import Session
from fondaco.stores.sqlite.accounts import session_rows
from fondaco.stores.sqlite.accounts.keys import SqliteKeys
from fondaco.stores.sqlite.ledger.commands import Begin
from fondaco.stores.sqlite.ledger.journal import SqliteJournal

_WRITING: Final[Begin] = "BEGIN IMMEDIATE"


class SqliteSessions:
    """Sessions and login tokens in the database of a journal."""

    def __init__(self, journal: SqliteJournal, keys: SqliteKeys) -> None:
        """Write through the journal's connection, and read through that of the keys."""
        self._journal = journal
        self._keys = keys

    async def find(self, digest: bytes) -> Session | None:
        """Return a session with its key and account."""
        return await self._keys.query(lambda connection: session_rows.find(connection, digest))

    async def open(
        self, digest: bytes, key_id: str, at: float, *, idle_since: float, most: int
    ) -> None:
        """Insert a session, and delete those that are idle or too many."""
        await self._journal.query(
            lambda connection: session_rows.open_session(
                connection, digest, key_id, at, idle_since=idle_since, most=most
            ),
            _WRITING,
        )

    async def record_use(self, digest: bytes, at: float) -> None:
        """Set when a session was used."""
        await self._journal.query(
            lambda connection: session_rows.record_use(connection, digest, at), _WRITING
        )

    async def close(self, digest: bytes) -> None:
        """Delete a session."""
        await self._journal.query(
            lambda connection: session_rows.close(connection, digest), _WRITING
        )

    async def close_all(self, account_id: int, key_id: str | None = None) -> None:
        """Delete all sessions and login tokens of an account; of one of its keys the sessions alone."""
        await self._journal.query(
            lambda connection: session_rows.close_all(connection, account_id, key_id), _WRITING
        )

    async def add_login(
        self, digest: bytes, account_id: int, at: float, *, expires_at: float, most: int
    ) -> None:
        """Insert a login token, and delete those that have expired or are too many."""
        await self._journal.query(
            lambda connection: session_rows.add_login(
                connection, digest, account_id, at, expires_at=expires_at, most=most
            ),
            _WRITING,
        )

    async def take_login(self, digest: bytes, at: float) -> int | None:
        """Delete a login token; return its account's id unless it has expired."""
        if not await self._keys.query(
            lambda connection: session_rows.has_login(connection, digest)
        ):
            return None
        return await self._journal.query(
            lambda connection: session_rows.take_login(connection, digest, at), _WRITING
        )
