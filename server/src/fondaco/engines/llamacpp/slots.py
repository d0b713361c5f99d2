"""Slots: which of the engine's prompt caches a call may use, so that no account reads another's."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio

from fondaco.domain.errors import EngineBusyError, EngineUnavailableError

_NEVER = -1
_LETTING_GO_S = 5.0
"""The engine looks each second whether a caller hung up; until then it may still start choices."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A call's place in the engine."""

    slot: int
    """The engine's number of the slot that answers the first choice."""
    scope: str
    warm: bool
    """Whether the slot's prompt cache may be used: all of its content is the scope's own."""
    reserved: tuple[int, ...] = ()
    """Slots held back for the further choices. The engine picks these itself, so perhaps others."""
    spread: int = _NEVER
    """Which call with several choices this is, where no other one ran when it began."""


@dataclass(slots=True)
class _Slot:
    number: int
    scope: str | None = None
    """Whose content the slot holds for certain; None: nobody's, or unknown."""
    busy: bool = False
    used: int = _NEVER
    """When it was last given back, on a clock that counts calls."""
    prompt: Sequence[int] = ()
    """The scope's last prompt here."""

    def bind(self, scope: str | None, prompt: Sequence[int] = ()) -> None:
        self.scope = scope
        self.prompt = prompt


class SlotTable:
    """The state of all slots of one engine process; pure, no waiting.

    A slot is bound to a scope only once a call of that scope has begun to speak in it, with the
    cache off unless the slot was the scope's before. A call with several choices puts some of them
    on free slots of the engine's own choice, so whatever was free while it ran counts as unknown.
    """

    def __init__(self, slots: int) -> None:
        self._slots = [_Slot(number) for number in range(slots)]
        self._spread = 0
        """How many calls with several choices are running."""
        self._spreads = 0
        """How many there were."""
        self._calls = 0

    def take(self, scope: str, choices: int, prompt: Sequence[int] = ()) -> Seat | None:
        """Return a seat for a call with as many free slots as `choices`, or None.

        Args:
            scope: whose prompts the cache may hold; the empty scope shares with nobody.
            choices: at most the number of slots.
            prompt: decides between several slots of the scope: the best match is taken.
        """
        free = [slot for slot in self._slots if not slot.busy]
        if len(free) < choices:
            return None
        first = _choose(free, scope, prompt)
        warm = bool(scope) and first.scope == scope
        # The engine seats further choices from its lowest free number on, so that is our guess.
        others = [slot for slot in free if slot is not first][: choices - 1]
        if choices > 1:
            self._spread += 1
            self._spreads += 1
            for slot in free:
                slot.bind(None)
        for slot in (first, *others):
            slot.busy = True
        reserved = tuple(slot.number for slot in others)
        alone = self._spread == 1 and choices > 1
        return Seat(first.number, scope, warm, reserved, self._spreads if alone else _NEVER)

    def go_on(self, seat: Seat, choices: int) -> Seat:
        """Return the seat for at most as many further choices of a call whose others have all ended.

        Its slot holds the call's own prompt, unless another call's choices may have been put there.
        """
        if seat.reserved:
            undisturbed = self._spread == 1 and self._spreads == seat.spread
        else:
            undisturbed = not self._spread
        kept, spare = seat.reserved[: choices - 1], seat.reserved[choices - 1 :]
        for number in spare:
            self._slots[number].busy = False
            self._slots[number].bind(None)
        if seat.reserved and not kept:
            self.stopped()
        return Seat(seat.slot, seat.scope, bool(seat.scope) and undisturbed, kept, seat.spread)

    def give_back(self, seat: Seat, *, spoke: bool, prompt: Sequence[int] = ()) -> None:
        """Free a seat's slots; for several choices, `stopped` has to be told as well.

        Args:
            seat: what `take` returned.
            spoke: whether the call produced anything; else the engine may never have started it,
                and the slot still holds what it held before.
            prompt: the call's prompt, for the choice of slots later on.
        """
        self._calls += 1
        certain = bool(seat.scope) and not seat.reserved and not self._spread
        for number in (seat.slot, *seat.reserved):
            slot = self._slots[number]
            slot.busy = False
            slot.used = self._calls
            if certain and spoke:
                slot.bind(seat.scope, prompt)
            elif not (certain and seat.warm):
                slot.bind(None)

    def stopped(self) -> None:
        """Note that the engine has let go of a call with several choices."""
        self._spread -= 1


def _choose(free: Sequence[_Slot], scope: str, prompt: Sequence[int]) -> _Slot:
    """Prefer the scope's slot that holds most of the prompt; then the longest unused one."""
    oldest = min(free, key=lambda slot: (slot.scope is not None, slot.used))
    own = [(_shared(slot.prompt, prompt), slot) for slot in free if scope and slot.scope == scope]
    if not own:
        return oldest
    shared, likest = max(own, key=lambda match: (match[0], match[1].used))
    # Another conversation of the same scope keeps its cache as long as nobody else loses one.
    displaces = 2 * shared < len(likest.prompt)
    return oldest if displaces and oldest.scope is None else likest


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the length of the common start."""
    for length, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return length
    return min(len(one), len(other))


@dataclass(slots=True)
class _Waiter:
    scope: str
    choices: int
    prompt: Sequence[int]
    called: anyio.Event = field(default_factory=anyio.Event)
    seat: Seat | None = None


class Slots:
    """The slots of one engine process, with the calls that wait for them, first come first served."""

    def __init__(self, slots: int, *, queue: int, wait_s: float) -> None:
        """Start with all slots free.

        Args:
            slots: of the engine.
            queue: calls that may wait.
            wait_s: the longest that a call waits.
        """
        self.total = slots
        self._table = SlotTable(slots)
        self._waiting: deque[_Waiter] = deque()
        self._letting_go: deque[float] = deque()
        """When calls with several choices that were hung up have left the engine for certain."""
        self._queue = queue
        self._wait_s = wait_s

    async def take(self, scope: str, choices: int, prompt: Sequence[int]) -> Seat:
        """Return a seat, once there is one.

        Raises:
            EngineUnavailableError: too many wait, the wait was too long, or the engine died.
        """
        self._settle()
        seat = None if self._waiting else self._table.take(scope, choices, prompt)
        if seat is not None:
            return seat
        if len(self._waiting) >= self._queue:
            raise self._full(f"{len(self._waiting)} calls are waiting already")
        waiter = _Waiter(scope, choices, prompt)
        self._waiting.append(waiter)
        try:
            with anyio.move_on_after(self._wait_s):
                await waiter.called.wait()
        except BaseException:
            self._forget(waiter)
            raise
        if waiter.seat is not None:
            return waiter.seat
        if waiter.called.is_set():
            raise EngineUnavailableError("The model's engine stopped.", retry_after_s=1)
        self._forget(waiter)
        raise self._full(f"no slot came free in {self._wait_s:g} s")

    def give_back(self, seat: Seat, *, spoke: bool, prompt: Sequence[int]) -> None:
        """Free a seat and call in who waits for it.

        Args:
            seat: what `take` returned.
            spoke: whether every choice of the call has begun.
            prompt: as given to `take`.
        """
        self._settle()
        self._table.give_back(seat, spoke=spoke, prompt=prompt)
        if seat.reserved and spoke:
            self._table.stopped()
        elif seat.reserved:
            self._letting_go.append(anyio.current_time() + _LETTING_GO_S)
        self._call_in()

    def go_on(self, seat: Seat, choices: int) -> Seat:
        """Return the seat for further choices of a call whose others have all ended, without a wait."""
        self._settle()
        further = self._table.go_on(seat, choices)
        self._call_in()
        return further

    def close(self) -> None:
        """Send everybody away who waits: the engine is gone."""
        while self._waiting:
            self._waiting.popleft().called.set()

    def _settle(self) -> None:
        while self._letting_go and self._letting_go[0] <= anyio.current_time():
            self._letting_go.popleft()
            self._table.stopped()

    def _call_in(self) -> None:
        while self._waiting:
            first = self._waiting[0]
            first.seat = self._table.take(first.scope, first.choices, first.prompt)
            if first.seat is None:
                return
            self._waiting.popleft()
            first.called.set()

    def _forget(self, waiter: _Waiter) -> None:
        if waiter.seat is not None:  # called in and cancelled at the same time
            self.give_back(waiter.seat, spoke=False, prompt=())
        elif waiter in self._waiting:
            self._waiting.remove(waiter)
            self._call_in()

    def _full(self, why: str) -> EngineBusyError:
        return EngineBusyError(
            f"The model is at capacity: {why}. Please try again later.",
            retry_after_s=1 + len(self._waiting) // self.total,
        )
