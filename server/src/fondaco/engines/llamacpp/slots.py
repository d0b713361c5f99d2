"""Fair queueing of decoding slots between accounts."""

from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import anyio

from fondaco.domain.errors import EngineBusyError, EngineUnavailableError
from fondaco.engines.llamacpp.slot_table import SlotAssignment, SlotTable

_RELEASE_S = 5.0
"""The engine checks for disconnects every second; until then it may still start choices."""
_ACTIVE_S = 600.0
"""Time after its last call during which an account counts as active, and shares the slots."""
_LATEST = 2


@dataclass(slots=True, eq=False)
class _Waiter:
    scope: str
    choices: int
    prompt: Sequence[int]
    served: anyio.Event = field(default_factory=anyio.Event)
    seat: SlotAssignment | None = None
    displaced: bool = False
    """Whether it was evicted from the queue in favour of an account with fewer waiting calls."""


class Slots:
    """The slots of one engine process, with the calls that wait for them, shared fairly by scopes.

    A scope is an account. The account with the fewest slots is served first; of several, the one that
    has waited longest since its last turn. While other accounts are active, none gets the last free
    slot. In a full queue, the account with the most waiting calls loses one to an account with fewer.
    """

    def __init__(self, slots: int, *, queue: int, wait_s: float) -> None:
        """Start with all slots free.

        Args:
            slots: of the engine.
            queue: calls that may wait.
            wait_s: the longest that a call waits.
        """
        self.total = slots
        self._table = SlotTable(slots)
        self._held: Counter[str] = Counter()
        """Scope -> slots of its calls."""
        self._waiting: OrderedDict[str, deque[_Waiter]] = OrderedDict()
        """Scope -> its waiting calls in order; the scope served last comes last."""
        self._releasing: deque[float] = deque()
        """Times at which the engine has certainly released cancelled calls with several choices."""
        self._last_calls: OrderedDict[str, float] = OrderedDict()
        """Time of the last call of the two most recent scopes."""
        self._queue = queue
        self._wait_s = wait_s

    @property
    def running(self) -> int:
        """Number of slots that calls have."""
        return sum(self._held.values())

    @property
    def waiting(self) -> int:
        """Number of calls that wait."""
        return sum(map(len, self._waiting.values()))

    def share(self, scope: str) -> int:
        """Return the most slots that a scope may hold now: all of them while it is alone."""
        recent = anyio.current_time() - _ACTIVE_S
        shared = any(other != scope and at >= recent for other, at in self._last_calls.items())
        return max(1, self.total - 1) if shared else self.total

    async def take(self, scope: str, choices: int, prompt: Sequence[int]) -> SlotAssignment:
        """Return a seat for at most as many `choices` as the scope's share, once there is one.

        Raises:
            EngineUnavailableError: too many wait, the wait was too long, or the engine died.
        """
        self._settle()
        self._note(scope)
        waiter = _Waiter(scope, choices, prompt)
        self._waiting.setdefault(scope, deque()).append(waiter)
        self._serve_waiting()
        if waiter.served.is_set() and waiter.seat is not None:
            return waiter.seat
        self._make_room_for(waiter)
        try:
            with anyio.move_on_after(self._wait_s):
                await waiter.served.wait()
        except BaseException:
            self._forget(waiter)
            raise
        if waiter.seat is not None:
            return waiter.seat
        if waiter.displaced:
            raise self._full("too many requests of your account are waiting")
        if waiter.served.is_set():
            raise EngineUnavailableError("The model's engine stopped.", retry_after_s=1)
        self._forget(waiter)
        raise self._full(f"no slot became free within {self._wait_s:g} s")

    def give_back(self, seat: SlotAssignment, *, started: bool, prompt: Sequence[int]) -> None:
        """Free a call's slots and serve waiting calls.

        Args:
            seat: what `take` returned.
            started: whether every choice of the call has started.
            prompt: as given to `take`.
        """
        self._settle()
        self._table.give_back(seat, started=started, prompt=prompt)
        self._hold(seat.scope, -seat.slots)
        if seat.reserved and started:
            self._table.stopped()
        elif seat.reserved:
            self._releasing.append(anyio.current_time() + _RELEASE_S)
        self._serve_waiting()

    def is_exclusive(self, seat: SlotAssignment) -> bool:
        """Whether a seat's slot holds nothing but what its call put there."""
        self._settle()
        return self._table.is_exclusive(seat)

    def current(self, seat: SlotAssignment) -> SlotAssignment:
        """Return the seat as it is now: cold if other calls' choices may lie in its slot meanwhile."""
        return seat if self.is_exclusive(seat) else replace(seat, warm=False)

    def next_wave(self, seat: SlotAssignment, choices: int) -> SlotAssignment:
        """Return the seat for further choices of a call whose others have all ended, without a wait."""
        self._settle()
        further = self._table.next_wave(seat, choices)
        self._hold(seat.scope, further.slots - seat.slots)
        self._serve_waiting()
        return further

    def close(self) -> None:
        """Reject all waiting calls: the engine is gone."""
        while self._waiting:
            _, waiters = self._waiting.popitem()
            for waiter in waiters:
                waiter.served.set()

    def _note(self, scope: str) -> None:
        if not scope:
            return  # probes do not count as activity
        self._last_calls[scope] = anyio.current_time()
        self._last_calls.move_to_end(scope)
        if len(self._last_calls) > _LATEST:
            self._last_calls.popitem(last=False)

    def _settle(self) -> None:
        while self._releasing and self._releasing[0] <= anyio.current_time():
            self._releasing.popleft()
            self._table.stopped()

    def _hold(self, scope: str, slots: int) -> None:
        self._held[scope] += slots
        if not self._held[scope]:
            del self._held[scope]

    def _serve_waiting(self) -> None:
        while (waiter := self._next()) is not None:
            waiter.seat = self._table.take(waiter.scope, waiter.choices, waiter.prompt)
            if waiter.seat is None:
                return  # later requests must not take the free slots, or one for many would starve
            self._hold(waiter.scope, waiter.seat.slots)
            self._remove(waiter)
            if waiter.scope in self._waiting:
                self._waiting.move_to_end(waiter.scope)
            waiter.served.set()

    def _next(self) -> _Waiter | None:
        """Return the call that is served next, of the scopes that have not all of their share."""
        firsts = [waiters[0] for waiters in self._waiting.values()]
        open_ = [waiter for waiter in firsts if self._has_share(waiter)]
        return min(open_, key=lambda waiter: self._held[waiter.scope], default=None)

    def _has_share(self, waiter: _Waiter) -> bool:
        held = self._held[waiter.scope]
        return not held or held + waiter.choices <= self.share(waiter.scope)

    def _make_room_for(self, waiter: _Waiter) -> None:
        """Keep the queue within its length.

        Raises:
            EngineBusyError: no scope has more waiting calls than the waiter's own.
        """
        waiting = sum(map(len, self._waiting.values()))
        if waiting <= self._queue:
            return
        longest = max(self._waiting.values(), key=len)
        if len(longest) <= len(self._waiting[waiter.scope]):
            self._remove(waiter)
            raise self._full(f"{waiting - 1} calls are waiting already")
        last = longest[-1]
        last.displaced = True
        self._remove(last)
        last.served.set()

    def _forget(self, waiter: _Waiter) -> None:
        if waiter.seat is not None:  # served and cancelled at the same time
            self.give_back(waiter.seat, started=False, prompt=())
        elif not waiter.served.is_set():
            self._remove(waiter)
            self._serve_waiting()

    def _remove(self, waiter: _Waiter) -> None:
        waiters = self._waiting[waiter.scope]
        waiters.remove(waiter)
        if not waiters:
            del self._waiting[waiter.scope]

    def _full(self, why: str) -> EngineBusyError:
        waiting = sum(map(len, self._waiting.values()))
        return EngineBusyError(
            f"The model is at capacity: {why}. Please try again later.",
            retry_after_s=1 + waiting // self.total,
        )
