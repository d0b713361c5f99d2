"""Key ring: authenticates the secrets of API keys from a cache, in microseconds."""

from collections import OrderedDict
from hashlib import sha256

import anyio

from fondaco.domain.errors import InactiveKeyError, InvalidApiKeyError
from fondaco.domain.money.account import Account, Key, digest
from fondaco.ports import Clock, Keys, KeyUses

_MAX_KEYS = 16_384
"""Keys in the cache; the one cached first is evicted first."""
_MAX_UNKNOWN = 4_096
"""Secrets without a key in the cache, so that repeating one costs no look-up."""
_FLUSH_EVERY_S = 3.0
"""Maximum delay of the recorded times of last use."""


class KeyRing:
    """Cache of keys by the keyed hash of their secret, which also records when keys are used.

    Entries stay until `invalidate` is called: on every change of keys or accounts, by this process or
    another one.
    """

    def __init__(self, keys: Keys, uses: KeyUses, pepper: bytes, clock: Clock) -> None:
        """Cache `keys`; `pepper` is the secret of the keyed hashes."""
        self._keys = keys
        self._uses = uses
        self._pepper = pepper
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[Key, Account]] = OrderedDict()
        self._unknown: OrderedDict[bytes, None] = OrderedDict()
        self.generation = 0
        """Number of invalidations; what was read before the last one may be stale."""
        self._used: dict[str, float] = {}
        """Key id -> Unix seconds of its last use, since the last flush."""

    async def authenticate(self, secret: str) -> tuple[Key, Account]:
        """Return the key with this secret, and its account.

        Raises:
            InvalidApiKeyError: the key does not exist, or it is revoked or expired.
            InactiveKeyError: its account is disabled.
            StorageFailedError: the key is not cached and the store cannot be read.
        """
        cached_as = self._cached_as(secret)
        entry = self._known.get(cached_as)
        if entry is None:
            entry = await self._fetch(secret, cached_as)
        key, account = entry
        now = self._clock.now()
        if not key.live(now):
            raise InvalidApiKeyError
        if account.disabled:
            raise InactiveKeyError("The account of this API key is disabled.")
        self._used[key.id] = now
        return entry

    def known(self, secret: str) -> tuple[Key, Account] | None:
        """Return what `authenticate` would, with no use recorded; None where it would wait or refuse."""
        entry = self._known.get(self._cached_as(secret))
        if entry is None or entry[1].disabled or not entry[0].live(self._clock.now()):
            return None
        return entry

    def _cached_as(self, secret: str) -> bytes:
        # Not the stored digest, whose computation releases the interpreter's lock and waits for it.
        return sha256(self._pepper + secret.encode("utf-8", "replace")).digest()

    def invalidate(self) -> None:
        """Empty the cache, because keys or accounts may have changed in the store."""
        self.generation += 1
        self._known.clear()
        self._unknown.clear()

    def record_use(self, key_id: str, at: float) -> None:
        """Record a use of a key through a session that belongs to it, at `at` (Unix seconds)."""
        self._used[key_id] = at

    async def run(self) -> None:
        """Flush the times of last use every few seconds, until cancelled."""
        while True:
            await anyio.sleep(_FLUSH_EVERY_S)
            self.flush_uses()

    def flush_uses(self) -> None:
        """Record the uses since the last flush."""
        if self._used:
            used, self._used = self._used, {}
            self._uses.record_uses(used)

    async def _fetch(self, secret: str, cached_as: bytes) -> tuple[Key, Account]:
        if cached_as in self._unknown:
            raise InvalidApiKeyError
        generation = self.generation
        entry = await self._keys.find(digest(self._pepper, secret))
        if generation == self.generation:  # otherwise the entry may be stale
            self._cache(cached_as, entry)
        if entry is None:
            raise InvalidApiKeyError
        return entry

    def _cache(self, cached_as: bytes, entry: tuple[Key, Account] | None) -> None:
        if entry is None:
            self._unknown[cached_as] = None
            if len(self._unknown) > _MAX_UNKNOWN:
                self._unknown.popitem(last=False)
        else:
            self._known[cached_as] = entry
            if len(self._known) > _MAX_KEYS:
                self._known.popitem(last=False)
