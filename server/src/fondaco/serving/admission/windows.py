"""Sliding windows that count amounts in buckets, and a map bounded by least recent use."""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

from fondaco.domain.money.limits import DAY_S, MINUTE_S

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Bucket:
    """The amount added during one bucket of a window."""

    __slots__ = ("amount", "counted", "expires_at")

    def __init__(self, amount: int, expires_at: float) -> None:
        self.amount = amount
        self.counted = True
        """Whether the bucket is still inside its window."""
        self.expires_at = expires_at
        """Monotonic seconds at which the bucket leaves the window."""


@dataclass(frozen=True, slots=True)
class Span:
    """The length of a window and of its buckets, both in seconds."""

    period_s: int
    bucket_s: int

    @property
    def buckets(self) -> int:
        """Number of buckets in the period."""
        return self.period_s // self.bucket_s


MINUTE = Span(MINUTE_S, MINUTE_S // 60)
DAY = Span(DAY_S, DAY_S // 288)


class Window:
    """A limit on the amount added within a sliding span of time.

    An amount counts until the whole bucket that it was added in has left the span. No stretch of the
    span's length therefore holds more than the limit, wherever it begins, unless an amount is adjusted
    afterwards; in return an amount may count for up to one bucket too long. Times are monotonic
    seconds. Each operation takes constant time on average; memory is at most one `Bucket` for each
    bucket of the span.

    >>> window = Window(2, MINUTE)
    >>> first, second = window.add(0.9), window.add(30.0)
    >>> window.wait(40.0), window.wait(40.0, 2)
    (21.0, 51.0)
    >>> window.remaining(60.5), window.remaining(61.0)
    (0, 1)
    """

    __slots__ = ("_bucket_ends_at", "_buckets", "_next_expiry_at", "_span", "limit", "total")

    def __init__(self, limit: int, span: Span) -> None:
        """Start empty."""
        self.limit = limit
        self.total = 0
        """The amount counted at the last operation."""
        self._span = span
        self._buckets: deque[Bucket] = deque()
        self._next_expiry_at = inf
        """Time at which the oldest bucket leaves the window."""
        self._bucket_ends_at = -inf
        """Time at which the newest bucket ends."""

    def remaining(self, now: float) -> int:
        """Return the amount that may be added now."""
        if now >= self._next_expiry_at:
            self._slide(now)
        left = self.limit - self.total
        return left if left > 0 else 0  # noqa: FURB136  # on the hot path: max() costs a call

    def used(self, now: float) -> int:
        """Return the amount that counts now."""
        if now >= self._next_expiry_at:
            self._slide(now)
        return self.total

    def fits(self, now: float, amount: int = 1) -> bool:
        """Whether `amount` may be added now; one above the limit fits into an empty window."""
        if now >= self._next_expiry_at:
            self._slide(now)
        return self.total + amount <= self.limit or not self.total

    def wait(self, now: float, amount: int = 1) -> float:
        """Return the seconds until `amount` fits if nothing is added meanwhile; 0 if it fits now."""
        return self._until(now, max(0, self.limit - amount))

    def next_expiry(self, now: float) -> float:
        """Return the seconds until some of the counted amount expires; 0 for an empty window."""
        if now >= self._next_expiry_at:
            self._slide(now)
        if self.total <= 0:
            return 0.0
        if self._buckets[0].amount > 0:
            return self._next_expiry_at - now
        return next(bucket.expires_at for bucket in self._buckets if bucket.amount > 0) - now

    def add(self, now: float, amount: int = 1) -> Bucket:
        """Count `amount`, whether it fits or not, and return the bucket that holds it."""
        self.total += amount
        if now < self._bucket_ends_at:
            bucket = self._buckets[-1]
            bucket.amount += amount
            return bucket
        bucket_s = self._span.bucket_s
        self._bucket_ends_at = (now // bucket_s + 1) * bucket_s
        bucket = Bucket(amount, self._bucket_ends_at + self._span.period_s)
        self._buckets.append(bucket)
        self._slide(now)
        return bucket

    def adjust(self, bucket: Bucket, by: int) -> None:
        """Change the amount of a bucket; has no effect once the bucket has left the window."""
        if bucket.counted:
            bucket.amount += by
            self.total += by

    def _slide(self, now: float) -> None:
        buckets = self._buckets
        while buckets and buckets[0].expires_at <= now:
            bucket = buckets.popleft()
            bucket.counted = False
            self.total -= bucket.amount
        self._next_expiry_at = buckets[0].expires_at if buckets else inf
        if not buckets:
            self._bucket_ends_at = -inf

    def _until(self, now: float, most: int) -> float:
        """Return the seconds until at most `most` is counted."""
        if now >= self._next_expiry_at:
            self._slide(now)
        left = self.total
        if left <= most:
            return 0.0
        for bucket in self._buckets:
            left -= bucket.amount
            if left <= most:
                return bucket.expires_at - now
        return 0.0


class LruMap(Generic[KeyT, ValueT]):
    """A mapping that creates values on first use and evicts the least recently used one."""

    __slots__ = ("_create", "_max_size", "_values")

    def __init__(self, create: Callable[[KeyT], ValueT], max_size: int) -> None:
        """Keep at most `max_size` values, each made by `create(key)`."""
        self._values: OrderedDict[KeyT, ValueT] = OrderedDict()
        self._create = create
        self._max_size = max_size

    def __getitem__(self, key: KeyT) -> ValueT:
        """Return the key's value, creating it if absent; counts as a use."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
            return value
        value = self._values[key] = self._create(key)
        if len(self._values) > self._max_size:
            self._values.popitem(last=False)
        return value

    def __len__(self) -> int:
        return len(self._values)

    def peek(self, key: KeyT) -> ValueT | None:
        """Return the key's value, or None if absent; does not count as a use."""
        return self._values.get(key)

    def values(self) -> tuple[ValueT, ...]:
        """Return all values, the least recently used first."""
        return tuple(self._values.values())

    def items(self) -> tuple[tuple[KeyT, ValueT], ...]:
        """Return all keys and values, the least recently used first."""
        return tuple(self._values.items())

    def discard(self, key: KeyT) -> None:
        """Remove a key if present."""
        self._values.pop(key, None)
