"""The keyring: which key a secret belongs to, kept in memory so that a check costs microseconds."""

from collections import OrderedDict

from fondaco.domain.account import Account, Key, digest
from fondaco.domain.errors import InactiveKeyError, InvalidApiKeyError
from fondaco.ports import Clock, Keys

_MOST = 16_384
"""Keys kept in memory; the least recently used goes first."""


class Keyring:
    """Finds keys by the keyed hash of their secret."""

    def __init__(self, keys: Keys, pepper: bytes, clock: Clock) -> None:
        self._keys = keys
        self._pepper = pepper
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[Key, Account]] = OrderedDict()
        self._generation = 0

    async def unlock(self, secret: str) -> tuple[Key, Account]:
        """Return the key with this secret, and its account.

        Raises:
            InvalidApiKeyError: there is none, or it was revoked or has expired.
            InactiveKeyError: its account is disabled.
        """
        hashed = digest(self._pepper, secret)
        found = self._known.get(hashed)
        if found is None:
            found = await self._fetch(hashed)
        key, account = found
        if not key.live(self._clock.now()):
            raise InvalidApiKeyError
        if account.disabled:
            raise InactiveKeyError("The account of this API key is disabled.")
        return found

    def forget(self) -> None:
        """Drop what is in memory, because keys may have changed in the store."""
        self._generation += 1
        self._known.clear()

    async def _fetch(self, hashed: bytes) -> tuple[Key, Account]:
        generation = self._generation
        found = await self._keys.find(hashed)
        if found is None:
            raise InvalidApiKeyError
        if generation == self._generation:  # else it may be stale by now
            self._known[hashed] = found
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return found
