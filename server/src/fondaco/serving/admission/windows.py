"""Sliding windows: how much happened lately, never more than a limit in any stretch of time."""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

from fondaco.domain.money.limits import DAY_S, MINUTE_S

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Mark:
    """What was added in one tick, and when that leaves the window."""

    __slots__ = ("amount", "counted", "leaves_at")

    def __init__(self, amount: int, leaves_at: float) -> None:
        self.amount = amount
        self.counted = True
        """Whether it is still within its window."""
        self.leaves_at = leaves_at


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, and the ticks in which it is counted, both in seconds."""

    period_s: int
    tick_s: int

    @property
    def ticks(self) -> int:
        """How many ticks the period has."""
        return self.period_s // self.tick_s


MINUTE = Span(MINUTE_S, MINUTE_S // 60)
DAY = Span(DAY_S, DAY_S // 288)


class Window:
    """A limit over a span that slides with the time.

    What was added in a tick is counted until the whole tick has left the span. So in no stretch of
    the span's length, wherever it begins, was more added than the limit, unless an amount was put
    right afterwards; in return an amount may be counted for up to one tick too long. Times are
    monotonic seconds. Costs do not grow with what is counted; memory is a mark for each tick.

    >>> window = Window(2, MINUTE)
    >>> first, second = window.add(0.9), window.add(30.0)
    >>> window.wait(40.0), window.wait(40.0, 2)
    (21.0, 51.0)
    >>> window.free(60.5), window.free(61.0)
    (0, 1)
    """

    __slots__ = ("_marks", "_relief_at", "_span", "_tick_ends_at", "limit", "total")

    def __init__(self, limit: int, span: Span) -> None:
        """Begin with nothing counted."""
        self.limit = limit
        self.total = 0
        """What is counted, as of the last look."""
        self._span = span
        self._marks: deque[Mark] = deque()
        self._relief_at = inf
        """When the oldest mark leaves."""
        self._tick_ends_at = -inf
        """When the tick of the latest mark ends."""

    def free(self, now: float) -> int:
        """Return how much may be added now."""
        if now >= self._relief_at:
            self._slide(now)
        left = self.limit - self.total
        return left if left > 0 else 0  # noqa: FURB136  # on the hot path: max() costs a call

    def fits(self, now: float, amount: int = 1) -> bool:
        """Whether `amount` may be added now; one beyond the limit fits where nothing is counted."""
        if now >= self._relief_at:
            self._slide(now)
        return self.total + amount <= self.limit or not self.total

    def wait(self, now: float, amount: int = 1) -> float:
        """Return the seconds until `amount` fits, if nothing is added meanwhile; 0: it does."""
        return self._until(now, max(0, self.limit - amount))

    def relief(self, now: float) -> float:
        """Return the seconds until something of what is counted leaves; 0: nothing is counted."""
        if now >= self._relief_at:
            self._slide(now)
        if self.total <= 0:
            return 0.0
        if self._marks[0].amount > 0:
            return self._relief_at - now
        return next(mark.leaves_at for mark in self._marks if mark.amount > 0) - now

    def add(self, now: float, amount: int = 1) -> Mark:
        """Count `amount`, whether it fits or not, and return the mark of its tick."""
        self.total += amount
        if now < self._tick_ends_at:
            mark = self._marks[-1]
            mark.amount += amount
            return mark
        tick_s = self._span.tick_s
        self._tick_ends_at = (now // tick_s + 1) * tick_s
        mark = Mark(amount, self._tick_ends_at + self._span.period_s)
        self._marks.append(mark)
        self._slide(now)
        return mark

    def correct(self, mark: Mark, by: int) -> None:
        """Change what was counted at a mark; without effect once that has left the window."""
        if mark.counted:
            mark.amount += by
            self.total += by

    def _slide(self, now: float) -> None:
        marks = self._marks
        while marks and marks[0].leaves_at <= now:
            mark = marks.popleft()
            mark.counted = False
            self.total -= mark.amount
        self._relief_at = marks[0].leaves_at if marks else inf
        if not marks:
            self._tick_ends_at = -inf

    def _until(self, now: float, most: int) -> float:
        """Return the seconds until no more than `most` is counted."""
        if now >= self._relief_at:
            self._slide(now)
        left = self.total
        if left <= most:
            return 0.0
        for mark in self._marks:
            left -= mark.amount
            if left <= most:
                return mark.leaves_at - now
        return 0.0


class Latest(Generic[KeyT, ValueT]):
    """Values by key, made at their first use; beyond `most` the longest unused goes."""

    __slots__ = ("_make", "_most", "_values")

    def __init__(self, make: Callable[[KeyT], ValueT], most: int) -> None:
        self._values: OrderedDict[KeyT, ValueT] = OrderedDict()
        self._make = make
        self._most = most

    def of(self, key: KeyT) -> ValueT:
        """Return the key's value, a fresh one where there is none."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
            return value
        value = self._values[key] = self._make(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)
        return value

    def all(self) -> tuple[tuple[KeyT, ValueT], ...]:
        """Return what is there, the longest unused first."""
        return tuple(self._values.items())

    def forget(self, key: KeyT) -> None:
        """Take a key's value out, if there is one."""
        self._values.pop(key, None)

    def known(self, key: KeyT) -> ValueT | None:
        """Return the key's value where there is one; it does not count as a use."""
        return self._values.get(key)
