"""The in-memory reference store of sessions and login tokens."""

from dataclasses import dataclass

import anyio.lowlevel

from fondaco.domain.errors import StorageFailedError
from fondaco.domain.sessions import Session
from fondaco.stores.memory.journal import MemoryKeys


@dataclass(slots=True)
class _Row:
    key_id: str
    opened_at: float
    used_at: float


class MemorySessions:
    """Sessions and login tokens in dictionaries, beside keys in memory."""

    def __init__(self, keys: MemoryKeys) -> None:
        self._keys = keys
        self.sessions: dict[bytes, _Row] = {}
        self.logins: dict[bytes, tuple[int, float]] = {}
        """Digest -> account id, and Unix seconds at which it expires."""

    async def find(self, digest: bytes) -> Session | None:
        """Return a session with its key and account."""
        await anyio.lowlevel.checkpoint()
        row = self.sessions.get(digest)
        if row is None:
            return None
        key, account = self._keys.by_id(row.key_id)
        return Session(key, account, row.used_at)

    async def open(
        self, digest: bytes, key_id: str, at: float, *, idle_since: float, most: int
    ) -> None:
        """Insert a session, and delete those that are idle or too many."""
        await anyio.lowlevel.checkpoint()
        if not self._keys.has(key_id):
            raise StorageFailedError
        kept = {one: row for one, row in self.sessions.items() if row.used_at > idle_since}
        own = [one for one, row in kept.items() if row.key_id == key_id]
        own.sort(key=lambda one: (kept[one].used_at, kept[one].opened_at), reverse=True)
        for one in own[most - 1 :]:
            del kept[one]
        self.sessions = {**kept, digest: _Row(key_id, at, at)}

    async def record_use(self, digest: bytes, at: float) -> None:
        """Set when a session was used."""
        await anyio.lowlevel.checkpoint()
        if (row := self.sessions.get(digest)) is not None:
            row.used_at = max(row.used_at, at)

    async def close(self, digest: bytes) -> None:
        """Delete a session."""
        await anyio.lowlevel.checkpoint()
        self.sessions.pop(digest, None)

    async def close_all(self, account_id: int, key_id: str | None = None) -> None:
        """Delete all sessions and login tokens of an account; of one of its keys the sessions alone."""
        await anyio.lowlevel.checkpoint()
        keys = {key.id for key in self._keys.of_account(account_id) if key_id in (None, key.id)}
        self.sessions = {one: row for one, row in self.sessions.items() if row.key_id not in keys}
        if key_id is None:
            self.logins = {one: row for one, row in self.logins.items() if row[0] != account_id}

    async def add_login(
        self, digest: bytes, account_id: int, at: float, *, expires_at: float, most: int
    ) -> None:
        """Insert a login token, and delete those that have expired or are too many."""
        await anyio.lowlevel.checkpoint()
        if not self._keys.has_account(account_id):
            raise StorageFailedError
        kept = {one: row for one, row in self.logins.items() if row[1] > at}
        own = [one for one, row in kept.items() if row[0] == account_id]
        own.sort(key=lambda one: kept[one][1], reverse=True)
        for one in own[most - 1 :]:
            del kept[one]
        self.logins = {**kept, digest: (account_id, expires_at)}

    async def take_login(self, digest: bytes, at: float) -> int | None:
        """Delete a login token; return its account's id unless it has expired."""
        await anyio.lowlevel.checkpoint()
        account_id, expires_at = self.logins.pop(digest, (None, 0.0))
        return account_id if at < expires_at else None
