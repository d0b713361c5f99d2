"""The store of sessions and of the tokens that begin one."""

from typing import Protocol

from fondaco.domain.sessions import Session


class SessionStore(Protocol):
    """Store of sessions and login tokens, by the keyed hashes (32 bytes) of their tokens.

    Every method raises `StorageFailedError` where the store cannot be read or written.
    """

    async def find(self, digest: bytes) -> Session | None:
        """Return a session with its key and account, whatever state these are in."""
        ...

    async def open(
        self, digest: bytes, key_id: str, at: float, *, idle_since: float, most: int
    ) -> None:
        """Add a session of a key.

        Sessions that were last used at `idle_since` or before are deleted, and of those left to the key the
        ones used longest ago, until it has `most` with the new one.

        Raises:
            StorageFailedError: the key does not exist.
        """
        ...

    async def record_use(self, digest: bytes, at: float) -> None:
        """Record when a session was used; the latest use wins. Nothing where the session does not exist."""
        ...

    async def close(self, digest: bytes) -> None:
        """Delete a session; no-op where there is none."""
        ...

    async def close_all(self, account_id: int, key_id: str | None = None) -> None:
        """Delete all sessions and login tokens of an account; of one of its keys the sessions alone."""
        ...

    async def add_login(
        self, digest: bytes, account_id: int, at: float, *, expires_at: float, most: int
    ) -> None:
        """Add a login token of an account, good until `expires_at` (Unix seconds).

        Expired ones are deleted, and of those left to the account the ones that expire first, until it has
        `most` with the new one.

        Raises:
            StorageFailedError: the account does not exist.
        """
        ...

    async def take_login(self, digest: bytes, at: float) -> int | None:
        """Delete a login token, and return its account's id; None if there is none, or it has expired.

        Of several that take one token at once, one gets it.
        """
        ...
