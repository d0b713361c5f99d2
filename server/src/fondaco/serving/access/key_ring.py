"""The keyring: which key a secret belongs to, kept in memory so that a check costs microseconds."""

from collections import OrderedDict
from hashlib import sha256

import anyio

from fondaco.domain.errors import InactiveKeyError, InvalidApiKeyError
from fondaco.domain.money.account import Account, Key, digest
from fondaco.ports import Clock, Journal, Keys

_MOST = 16_384
"""Keys kept in memory; the least recently used goes first."""
_MOST_UNKNOWN = 4_096
"""Secrets without a key that are remembered, so that they cost no look-up again."""
_NOTE_EVERY_S = 3.0
"""How far behind the store may be in saying when keys were last used."""


class KeyRing:
    """Finds keys by the keyed hash of their secret, and notes when they are used."""

    def __init__(self, keys: Keys, journal: Journal, pepper: bytes, clock: Clock) -> None:
        self._keys = keys
        self._journal = journal
        self._pepper = pepper
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[Key, Account]] = OrderedDict()
        self._unknown: OrderedDict[bytes, None] = OrderedDict()
        self._generation = 0
        self._used: dict[str, float] = {}

    async def unlock(self, secret: str) -> tuple[Key, Account]:
        """Return the key with this secret, and its account.

        Raises:
            InvalidApiKeyError: there is none, or it was revoked or has expired.
            InactiveKeyError: its account is disabled.
        """
        # Not the stored hash: that one lets go of the interpreter's lock and waits to have it back.
        remembered = sha256(self._pepper + secret.encode("utf-8", "replace")).digest()
        found = self._known.get(remembered)
        if found is None:
            found = await self._fetch(secret, remembered)
        key, account = found
        now = self._clock.now()
        if not key.live(now):
            raise InvalidApiKeyError
        if account.disabled:
            raise InactiveKeyError("The account of this API key is disabled.")
        self._used[key.id] = now
        return found

    def forget(self) -> None:
        """Drop what is in memory, because keys may have changed in the store."""
        self._generation += 1
        self._known.clear()
        self._unknown.clear()

    async def run(self) -> None:
        """Have the journal note every few seconds when keys were used, until cancelled."""
        while True:
            await anyio.sleep(_NOTE_EVERY_S)
            self.note_uses()

    def note_uses(self) -> None:
        """Have the journal note when keys were used since the last time."""
        if self._used:
            used, self._used = self._used, {}
            self._journal.touch(used)

    async def _fetch(self, secret: str, remembered: bytes) -> tuple[Key, Account]:
        if remembered in self._unknown:
            raise InvalidApiKeyError
        generation = self._generation
        found = await self._keys.find(digest(self._pepper, secret))
        if generation == self._generation:  # else it may be stale by now
            self._remember(remembered, found)
        if found is None:
            raise InvalidApiKeyError
        return found

    def _remember(self, remembered: bytes, found: tuple[Key, Account] | None) -> None:
        if found is None:
            self._unknown[remembered] = None
            if len(self._unknown) > _MOST_UNKNOWN:
                self._unknown.popitem(last=False)
        else:
            self._known[remembered] = found
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
