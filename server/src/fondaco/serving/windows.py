"""Sliding windows: how much happened lately, never more than a limit in any stretch of time."""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from fondaco.domain.limits import DAY_S, MINUTE_S

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")

Mark: TypeAlias = list[int]
"""A tick and the amount that was added in it: what an addition is taken back by."""

_GONE = -1
"""The tick of a mark that has left its window."""


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
    monotonic seconds. Costs do not grow with what is counted, memory is a mark for each tick.

    >>> window = Window(2, MINUTE)
    >>> window.add(0.9), window.add(30.0), window.wait(40.0), window.wait(40.0, 2)
    ([0, 1], [30, 1], 21.0, 51.0)
    >>> window.free(60.5), window.free(61.0)
    (0, 1)
    """

    __slots__ = ("_kept_ticks", "_marks", "_tick_s", "limit", "total")

    def __init__(self, limit: int, span: Span) -> None:
        """Begin with nothing counted."""
        self.limit = limit
        self.total = 0
        """What is counted, as of the last look."""
        self._marks: deque[Mark] = deque()
        self._tick_s = span.tick_s
        self._kept_ticks = span.ticks

    def free(self, now: float) -> int:
        """Return how much may be added now."""
        self._slide(now)
        return max(0, self.limit - self.total)

    def fits(self, now: float, amount: int = 1) -> bool:
        """Whether `amount` may be added now; one beyond the limit fits where nothing is counted."""
        marks = self._marks
        if marks and marks[0][0] < now // self._tick_s - self._kept_ticks:
            self._slide(now)
        return self.total + amount <= self.limit or not self.total

    def wait(self, now: float, amount: int = 1) -> float:
        """Return the seconds until `amount` fits, if nothing is added meanwhile; 0: it does."""
        self._slide(now)
        room = max(0, self.limit - amount)
        return self._until(now, room)

    def relief(self, now: float) -> float:
        """Return the seconds until something of what is counted leaves; 0: nothing is counted."""
        self._slide(now)
        return self._until(now, self.total - 1) if self.total > 0 else 0.0

    def add(self, now: float, amount: int = 1) -> Mark:
        """Count `amount`, whether it fits or not, and return the mark of its tick."""
        tick = int(now // self._tick_s)
        marks = self._marks
        self.total += amount
        if marks and marks[-1][0] >= tick:
            mark = marks[-1]
            mark[1] += amount
            return mark
        mark = [tick, amount]
        marks.append(mark)
        if marks[0][0] < tick - self._kept_ticks:
            self._slide(now)
        return mark

    def correct(self, mark: Mark, by: int) -> None:
        """Change what was counted at a mark; without effect once that has left the window."""
        if mark[0] != _GONE:
            mark[1] += by
            self.total += by

    def _slide(self, now: float) -> None:
        oldest = now // self._tick_s - self._kept_ticks
        marks = self._marks
        while marks and marks[0][0] < oldest:
            mark = marks.popleft()
            self.total -= mark[1]
            mark[0] = _GONE

    def _until(self, now: float, most: int) -> float:
        """Return the seconds until no more than `most` is counted."""
        left = self.total
        for tick, amount in self._marks:
            if left <= most:
                break
            left -= amount
            leaves_at = (tick + self._kept_ticks + 1) * self._tick_s
            if left <= most:
                return max(0.0, leaves_at - now)
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

    def known(self, key: KeyT) -> ValueT | None:
        """Return the key's value where there is one; it does not count as a use."""
        return self._values.get(key)

    def forget(self, key: KeyT) -> None:
        """Drop the key's value, if there is one."""
        self._values.pop(key, None)
