"""The slot table: assigns prompt caches so that no account reads another's."""

from collections.abc import Sequence
from dataclasses import dataclass

_NEVER = -1


@dataclass(frozen=True, slots=True)
class SlotAssignment:
    """The slots of a call."""

    slot: int
    """The engine's number of the slot that answers the first choice."""
    scope: str
    warm: bool
    """Whether the slot's prompt cache may be used: all of its content is the scope's own."""
    reserved: tuple[int, ...] = ()
    """Slots held back for the further choices. The engine picks these itself, so perhaps others."""
    since: int = _NEVER
    """The number of calls with several choices up to its start, itself included; `_NEVER` if another one
    ran then."""
    cached: int = 0
    """Tokens of the prompt that the slot holds, where it is warm."""

    @property
    def slots(self) -> int:
        """Number of slots that the call has."""
        return 1 + len(self.reserved)


@dataclass(slots=True)
class _Slot:
    number: int
    scope: str | None = None
    """The scope of all of the slot's content; None: empty or unknown."""
    busy: bool = False
    used: int = _NEVER
    """Time of its last release, on a clock that counts calls."""
    prompt: Sequence[int] = ()
    """The scope's last prompt here."""

    def bind(self, scope: str | None, prompt: Sequence[int] = ()) -> None:
        self.scope = scope
        self.prompt = prompt


class SlotTable:
    """The state of all slots of one engine process; pure, no waiting.

    A slot is bound to a scope only once a call of that scope has produced output in it, with the
    cache off unless the slot was the scope's before. A call with several choices puts some of them
    on free slots of the engine's own choice, so whatever was free while it ran counts as unknown.
    """

    def __init__(self, slots: int) -> None:
        self._slots = [_Slot(number) for number in range(slots)]
        self._spread = 0
        """Number of running calls with several choices."""
        self._spreads = 0
        """Number of such calls so far."""
        self._calls = 0

    def take(self, scope: str, choices: int, prompt: Sequence[int] = ()) -> SlotAssignment | None:
        """Return a seat for a call with as many free slots as `choices`, or None.

        Args:
            scope: the scope whose prompts the cache may contain; the empty scope is never shared.
            choices: at most the number of slots.
            prompt: decides between several slots of the scope: the best match is taken.
        """
        free = [slot for slot in self._slots if not slot.busy]
        if len(free) < choices:
            return None
        first = _choose(free, scope, prompt)
        warm = bool(scope) and first.scope == scope
        cached = _shared(first.prompt, prompt)
        # An estimate: the engine assigns further choices to its lowest free slots.
        further = [slot for slot in free if slot is not first][: choices - 1]
        if choices > 1:
            self._spread += 1
            self._spreads += 1
            for slot in free:
                slot.bind(None)
        for slot in (first, *further):
            slot.busy = True
        reserved = tuple(slot.number for slot in further)
        alone = self._spread == (1 if choices > 1 else 0)
        since = self._spreads if alone else _NEVER
        return SlotAssignment(first.number, scope, warm, reserved, since, cached if warm else 0)

    def is_exclusive(self, seat: SlotAssignment) -> bool:
        """Whether the engine can have put no other call's choice on a seat's slot since `take`.

        Between two requests of one call the engine takes the slot for free.
        """
        return self._spread == (1 if seat.reserved else 0) and self._spreads == seat.since

    def next_wave(self, seat: SlotAssignment, choices: int) -> SlotAssignment:
        """Return the seat for at most as many further choices of a call whose others have all ended.

        Its slot holds the call's own prompt, unless another call's choices may have been put there.
        """
        is_exclusive = self.is_exclusive(seat) if seat.reserved else not self._spread
        retained, spare = seat.reserved[: choices - 1], seat.reserved[choices - 1 :]
        for number in spare:
            self._slots[number].busy = False
            self._slots[number].bind(None)
        if seat.reserved and not retained:
            self.stopped()
        return SlotAssignment(
            seat.slot, seat.scope, bool(seat.scope) and is_exclusive, retained, seat.since
        )

    def give_back(self, seat: SlotAssignment, *, started: bool, prompt: Sequence[int] = ()) -> None:
        """Free a call's slots; for several choices, call `stopped` as well.

        Args:
            seat: what `take` returned.
            started: whether the call produced anything; else the engine may never have started it,
                and the slot still holds what it held before.
            prompt: the call's prompt, for the choice of slots later on.
        """
        self._calls += 1
        certain = bool(seat.scope) and not seat.reserved and not self._spread
        untouched = certain and seat.warm and self.is_exclusive(seat)
        for number in (seat.slot, *seat.reserved):
            slot = self._slots[number]
            slot.busy = False
            slot.used = self._calls
            if certain and started:
                slot.bind(seat.scope, prompt)
            elif not (untouched and slot.scope == seat.scope):
                # Part of the prompt may be in the slot.
                slot.bind(None)

    def stopped(self) -> None:
        """Record that the engine has released a call with several choices."""
        self._spread -= 1


def _choose(free: Sequence[_Slot], scope: str, prompt: Sequence[int]) -> _Slot:
    """Prefer the scope's slot that holds most of the prompt; then the longest unused one."""
    oldest = min(free, key=lambda slot: (slot.scope is not None, slot.used))
    candidates = [
        (_shared(slot.prompt, prompt), slot) for slot in free if scope and slot.scope == scope
    ]
    if not candidates:
        return oldest
    shared, best = max(candidates, key=lambda match: (match[0], match[1].used))
    # Keep the cache of this scope's other conversation while an unscoped slot is available.
    displaces = 2 * shared < len(best.prompt)
    return oldest if displaces and oldest.scope is None else best


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the length of the common start."""
    for length, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return length
    return min(len(one), len(other))
