"""Sessions: started by a login token or a key, with that key's rights, ended after an idle time."""

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

import anyio

from fondaco.domain.errors import (
    InactiveKeyError,
    LoginRefusedError,
    SessionEndedError,
    StorageFailedError,
    TooManyKeysError,
)
from fondaco.domain.money.account import MOST_KEYS, Account, Key, KeyType, digest
from fondaco.domain.sessions import (
    DASHBOARD,
    MOST_LOGINS,
    MOST_SESSIONS,
    is_for,
    login_token,
    session_token,
)
from fondaco.ports import Clock, Ids, Keys, SessionStore
from fondaco.serving.access.accounts import expect_enabled
from fondaco.serving.access.api_keys import ApiKeys
from fondaco.serving.access.key_ring import KeyRing

_MOST_CACHED = 4_096
"""Sessions in the cache; the one cached first is evicted first."""
_RECORDED_S = 60.0
"""Most that the recorded time of last use lags behind."""


@dataclass(slots=True)
class _Cached:
    """A session in the cache."""

    key: Key
    account: Account
    used_at: float
    recorded_at: float
    generation: tuple[int, int]
    """Of the cache when it was fetched: an older one may be stale."""


class Sessions:
    """Begins, authenticates and ends sessions, over a cache."""

    def __init__(
        self,
        store: SessionStore,
        keys: Keys,
        api_keys: ApiKeys,
        key_ring: KeyRing,
        pepper: bytes,
        *,
        clock: Clock,
        ids: Ids,
        idle_timeout_s: float,
        link_lifetime_s: float,
    ) -> None:
        """End sessions that were not used for `idle_timeout_s`; `pepper` is the secret of the keyed hashes.

        Login tokens are good for `link_lifetime_s`.
        """
        self._store = store
        self._keys = keys
        self._api_keys = api_keys
        self._key_ring = key_ring
        self._pepper = pepper
        self._clock = clock
        self._ids = ids
        self.idle_timeout_s = idle_timeout_s
        self._link_lifetime_s = link_lifetime_s
        self._recorded_s = min(_RECORDED_S, idle_timeout_s / 10)
        self._cache: OrderedDict[bytes, _Cached] = OrderedDict()
        self._ended = 0
        """Number of times that sessions were ended here, so that none is cached that was read before."""
        self._one_by_one = anyio.Lock()

    async def redeem(self, login: str) -> tuple[str, Key, Account]:
        """Begin a session by a login token, which is good once; return the session's token and key.

        The session belongs to the account's ADMIN key "Dashboard", which is made where there is none.

        Raises:
            LoginRefusedError: there is no such token, or it was used or has expired.
            InactiveKeyError: its account is disabled.
            TooManyKeysError: the account has as many keys as it may, and none is for sessions.
            StorageFailedError: the store cannot be read or written.
        """
        now = self._clock.now()
        account_id = await self._store.take_login(digest(self._pepper, login), now)
        if account_id is None:
            raise LoginRefusedError
        async with self._one_by_one:  # concurrent first logins would create a key each
            key = await self._key_for(account_id)
        return await self._begun(key)

    async def begin(self, secret: str) -> tuple[str, Key, Account]:
        """Begin a session that belongs to the key with this secret; return the session's token and key.

        Raises:
            InvalidApiKeyError: the key does not exist, or it is revoked or expired.
            InactiveKeyError: its account is disabled.
            StorageFailedError: the store cannot be read or written.
        """
        key, _ = await self._key_ring.authenticate(secret)
        return await self._begun(key)

    async def authenticate(self, token: str) -> tuple[Key, Account]:
        """Return the key that a session belongs to, and its account; the session counts as used.

        Raises:
            SessionEndedError: the session does not exist, it was not used for too long, or its key is revoked
                or expired.
            InactiveKeyError: the account is disabled.
            StorageFailedError: the session is not cached and the store cannot be read.
        """
        cached_as = self._cached_as(token)
        session = self._cache.get(cached_as)
        now = self._clock.now()
        if session is None or session.generation != self._generation or self._is_idle(session, now):
            session = await self._fetch(token, cached_as)
        if not session.key.live(now) or self._is_idle(session, now):
            await self.close(token)
            raise SessionEndedError
        if session.account.disabled:
            raise InactiveKeyError("The account of this session is disabled.")
        session.used_at = now
        if now - session.recorded_at >= self._recorded_s:
            session.recorded_at = now
            with suppress(StorageFailedError):  # the next request records it
                await self._store.record_use(digest(self._pepper, token), now)
        self._key_ring.record_use(session.key.id, now)
        return session.key, session.account

    async def close(self, token: str) -> None:
        """End a session; no-op where there is none."""
        self._forget(token)
        try:
            await self._store.close(digest(self._pepper, token))
        finally:
            self._forget(token)

    async def close_all(self, key: Key) -> None:
        """End the sessions of a key; of an ADMIN key all those of its account, and its login tokens.

        Raises:
            StorageFailedError: the store cannot be written.
        """
        self._ended += 1
        try:
            of_key = None if key.type is KeyType.ADMIN else key.id
            await self._store.close_all(key.account_id, of_key)
        finally:
            self._ended += 1

    async def new_login(self, account: Account) -> tuple[str, float]:
        """Return a new login token of an account, good once, and the Unix seconds until which it is.

        Raises:
            ConflictError: the account is disabled.
            StorageFailedError: the store cannot be written.
        """
        expect_enabled(account, "nobody can log in to it")
        token, now = login_token(self._ids.secret_bits()), self._clock.now()
        expires_at = now + self._link_lifetime_s
        await self._store.add_login(
            digest(self._pepper, token), account.id, now, expires_at=expires_at, most=MOST_LOGINS
        )
        return token, expires_at

    async def _key_for(self, account_id: int) -> Key:
        now = self._clock.now()
        for report in await self._keys.active(account_id, now):
            if is_for(report.key, DASHBOARD, now):
                return report.key
        try:
            return (await self._api_keys.issue(account_id, KeyType.ADMIN, DASHBOARD)).key
        except TooManyKeysError as error:
            raise TooManyKeysError(
                f"The account has {MOST_KEYS} API keys already, and the dashboard needs one. "
                "Revoke an unused key (fondaco keys revoke ID), then print a new link: fondaco "
                "dashboard link"
            ) from error

    async def _begun(self, key: Key) -> tuple[str, Key, Account]:
        now, token = self._clock.now(), session_token(self._ids.secret_bits())
        await self._store.open(
            digest(self._pepper, token),
            key.id,
            now,
            idle_since=now - self.idle_timeout_s,
            most=MOST_SESSIONS,
        )
        self._ended += 1  # starting a session may have ended the key's oldest one
        return token, *await self.authenticate(token)

    async def _fetch(self, token: str, cached_as: bytes) -> _Cached:
        """Read a session, and cache it unless one may have ended meanwhile."""
        before, generation = self._cache.get(cached_as), self._generation
        stored = await self._store.find(digest(self._pepper, token))
        if stored is None:
            self._cache.pop(cached_as, None)
            raise SessionEndedError
        used_at = stored.used_at if before is None else max(before.used_at, stored.used_at)
        session = _Cached(stored.key, stored.account, used_at, stored.used_at, generation)
        if generation == self._generation:
            self._cache[cached_as] = session
            if len(self._cache) > _MOST_CACHED:
                self._cache.popitem(last=False)
        return session

    @property
    def _generation(self) -> tuple[int, int]:
        return self._key_ring.generation, self._ended

    def _forget(self, token: str) -> None:
        self._ended += 1
        self._cache.pop(self._cached_as(token), None)

    def _is_idle(self, session: _Cached, now: float) -> bool:
        return now - session.used_at >= self.idle_timeout_s

    def _cached_as(self, token: str) -> bytes:
        """Return a hash that needs no lock of the interpreter's, as the key ring has it."""
        return sha256(self._pepper + token.encode("utf-8", "replace")).digest()
