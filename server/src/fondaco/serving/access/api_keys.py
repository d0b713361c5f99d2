"""Management of API keys by their owners: issue, list, show, change and revoke.

Source: POST, GET, PATCH and DELETE /api_keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from fondaco.domain.errors import InvalidRequestError, NotFoundError, RateLimitExceededError
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
from fondaco.domain.money.limits import Quota
from fondaco.ports import Clock, Ids, KeyReport, Keys
from fondaco.serving.access.key_ring import KeyRing
from fondaco.serving.admission.windows import MINUTE, LruMap, Window

KEYS_A_MINUTE = 20
"""Keys that an account may create per minute. Source: POST /api_keys."""
_MAX_WINDOWS = 4096


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Marks a field of a change that stays unchanged."""


UNCHANGED = Unchanged()


@dataclass(frozen=True, slots=True)
class LimitChange:
    """A change of a key's limits, in nano-units; None removes a limit."""

    usd: int | Unchanged | None = UNCHANGED
    diem: int | Unchanged | None = UNCHANGED
    vcu: int | Unchanged | None = UNCHANGED

    def of(self, limit: ConsumptionLimit) -> ConsumptionLimit:
        """Apply the change to a limit."""
        return ConsumptionLimit(
            usd=limit.usd if isinstance(self.usd, Unchanged) else self.usd,
            diem=limit.diem if isinstance(self.diem, Unchanged) else self.diem,
            vcu=limit.vcu if isinstance(self.vcu, Unchanged) else self.vcu,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a key."""

    description: str | Unchanged = UNCHANGED
    expires_at: float | Unchanged | None = UNCHANGED
    """Unix seconds; None: no expiry."""
    limit: LimitChange | None = LimitChange()
    """None removes all limits."""

    def of(self, key: Key) -> Key:
        """Apply the change to a key."""
        return replace(
            key,
            description=(
                key.description if isinstance(self.description, Unchanged) else self.description
            ),
            expires_at=key.expires_at
            if isinstance(self.expires_at, Unchanged)
            else self.expires_at,
            limit=UNLIMITED if self.limit is None else self.limit.of(key.limit),
        )


class ApiKeys:
    """Manages API keys; every operation is limited to the keys of one account."""

    def __init__(
        self,
        keys: Keys,
        key_ring: KeyRing,
        pepper: bytes,
        *,
        clock: Clock,
        ids: Ids,
        a_minute: int = KEYS_A_MINUTE,
    ) -> None:
        """Limit each account to `a_minute` new keys per minute."""
        self._keys = keys
        self._key_ring = key_ring
        self._pepper = pepper
        self._clock = clock
        self._ids = ids
        self._a_minute = a_minute
        self._created = LruMap[int, Window](lambda _: Window(a_minute, MINUTE), _MAX_WINDOWS)
        """Keys that each account has created in the last minute, by account id."""

    async def issue(
        self,
        account_id: int,
        type_: KeyType,
        description: str,
        *,
        expires_at: float | None = None,
        limit: ConsumptionLimit = UNLIMITED,
    ) -> NewKey:
        """Create a key; a refused one leaves no trace.

        Args:
            account_id: whose it becomes.
            type_: what it may do.
            description: what it is for.
            expires_at: Unix seconds; None: it never ends. One that has passed makes a key that is expired.
            limit: what it may spend in an epoch.

        Raises:
            RateLimitExceededError: the account has made too many keys in the last minute.
            TooManyKeysError: the account has 500 keys that may be used.
        """
        now = self._clock.now()
        created = new_key(
            type_,
            key_id=self._ids.key(),
            secret_bits=self._ids.secret_bits(),
            account_id=account_id,
            description=description,
            created_at=now,
            expires_at=expires_at,
            limit=limit,
        )
        window = self._created[account_id]
        monotonic_now = self._clock.monotonic()
        if not window.fits(monotonic_now):
            raise self._refusal(window, monotonic_now)
        bucket = window.add(monotonic_now)
        try:
            await self._keys.add(created.key, digest(self._pepper, created.secret), MOST_KEYS)
        except BaseException:
            window.adjust(bucket, -1)
            raise
        return created

    async def list(self, account_id: int) -> Sequence[KeyReport]:
        """Return an account's active keys, oldest first."""
        return await self._keys.active(account_id, self._clock.now())

    async def show(self, account_id: int, key_id: str) -> KeyReport:
        """Return one key of an account.

        Raises:
            NotFoundError: the account has no key with this id.
        """
        full_id = _expect_id(key_id)
        report = await self._keys.report(account_id, full_id, self._clock.now())
        if report is None:
            raise _unknown(key_id)
        return report

    async def change(self, account_id: int, key_id: str, change: Change) -> KeyReport:
        """Change a key, effective immediately.

        Raises:
            NotFoundError: the account has no key with this id.
            InvalidRequestError: the key has expired.
        """
        now = self._clock.now()

        def changed(key: Key) -> Key:
            if not key.live(now):
                message = "This key has expired and cannot be renewed. Create a new one."
                raise InvalidRequestError(message, faults={"id": (message,)})
            return change.of(key)

        try:
            if not await self._keys.change(account_id, _expect_id(key_id), changed):
                raise _unknown(key_id)
        finally:
            self._key_ring.invalidate()
        return await self.show(account_id, key_id)

    async def end(self, account_id: int, key_id: str) -> None:
        """Revoke a key, effective immediately.

        Raises:
            NotFoundError: the account has no key with this id.
        """
        try:
            if not await self._keys.revoke(account_id, _expect_id(key_id), self._clock.now()):
                raise _unknown(key_id)
        finally:
            self._key_ring.invalidate()

    def _refusal(self, window: Window, now: float) -> RateLimitExceededError:
        wait_s = max(1, ceil(window.wait(now)))
        reset_at = ceil(self._clock.now() + wait_s)
        return RateLimitExceededError(
            f"An account can create {self._a_minute} API keys per minute. Try again in {wait_s} s.",
            retry_after_s=wait_s,
            quota=Quota(self._a_minute, 0, reset_at),
        )


def _expect_id(text: str) -> str:
    key_id = key_id_of(text)
    if key_id is None:
        raise _unknown(text)
    return key_id


def _unknown(key_id: str) -> NotFoundError:
    return NotFoundError(
        f"The account has no API key {key_id[:100]!r}. GET /api/v1/api_keys lists its keys."
    )
