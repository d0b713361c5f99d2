"""The ledger's clock: the time that money goes by, which no jump of the machine's clock moves at once.

An account's DIEM and a key's limit refill with the day, so a wrong day is wrong money. Within the day
that the ledger is in, the machine's clock is taken as it is. What says another day is looked at twice:
it has to agree, within a day, with the monotonic clock since the last look. Otherwise it jumped, and
time goes on by the monotonic clock, until something else speaks for the machine's clock:

* It lies in a gap: after entries of the ledger, and before those that a wrong clock has made since.
* It was behind the ledger at the start, and is so no longer.
* It is ahead, and has gone on steadily for an hour: the machine slept, or was moved.

A time ahead that was believed wrongly harms nobody for long: refills beyond the present day do not count
(`Journal.standing`), so accounts are refilled again as soon as the clock is right.
"""

import logging

import anyio

from fondaco.domain.money.epoch import SECONDS, begins, epoch_of
from fondaco.ports import Clock, Journal
from fondaco.ports.incidents import Incident, report

STEADY_S = 3_600.0
"""Time for which a clock that jumped ahead must run steadily until it is believed."""
_SAME_S = 300.0
"""Two offsets of the machine's clock that differ by less are the same one."""
_NOW_S = 3_600.0
"""Entries that are ahead by less do not speak against a gap."""
_LONG_S = 366.0 * SECONDS
"""A server that was off for longer is told of, though it is believed."""


class LedgerClock:
    """A Clock whose days can be relied on."""

    def __init__(self, clock: Clock) -> None:
        """Prepare a clock that believes `clock` until `begin` was awaited."""
        self._clock = clock
        self.started = False
        self._beginning = anyio.Lock()
        self.epoch = -1
        """The epoch that the ledger is in."""
        self._from = self._until = float("inf")
        """Between these the machine's clock says the same epoch."""
        self._wall = self._monotonic = 0.0
        """Readings of both clocks when the machine's was last believed."""
        self._gap: tuple[float, float] | None = None
        """Times between which the ledger has no entries that are believed."""
        self._least: float | None = None
        """Of a clock that was behind: from when on it is believed."""
        self._doubt: tuple[float, float] | None = None
        """By how much the clock that jumped is ahead of the monotonic one, and since when."""

    async def begin(self, journal: Journal) -> None:
        """Find out what the time is, by the machine's clock and the ledger's last entries.

        Raises:
            StorageFailedError: the journal cannot be read.
        """
        async with self._beginning:
            if not self.started:
                last = await journal.latest_entry_at()
                present = self._clock.now() if last is None else await self._present(journal, last)
                self._believe(present, self._clock.monotonic())
                if last is not None and 0 <= last - present <= SECONDS:
                    self._enter(epoch_of(last))  # set back a little: a day that has begun stays
                self.started = True

    async def _present(self, journal: Journal, last: float) -> float:
        """Return the time at a start after a last entry."""
        wall = self._clock.now()
        if wall < last - SECONDS:
            self._least = last - SECONDS
            before = await journal.latest_entry_at(wall + SECONDS)
            if before is None or before > wall + _NOW_S:
                self._tell("behind_ledger", logging.ERROR)
                return last
            self._tell("ledger_ahead", logging.ERROR)
        elif wall > last + SECONDS:
            self._gap = last - SECONDS, wall
            if wall > last + _LONG_S:
                self._tell("ahead_of_ledger", logging.WARNING)
        return wall

    def holds(self, at: float) -> bool:
        """Whether `at` (Unix seconds) lies in the epoch that the ledger is in."""
        return self._from <= at < self._until

    def now(self) -> float:
        """Return Unix seconds."""
        wall = self._clock.now()
        if self._from <= wall < self._until or not self.started:
            return wall
        return self._second_look(wall)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._clock.monotonic()

    def _second_look(self, wall: float) -> float:
        monotonic = self._clock.monotonic()
        expected = self._wall + monotonic - self._monotonic
        time = expected
        if 0 <= expected - wall <= SECONDS:
            self._doubt = None
            time = wall
        elif 0 <= wall - expected <= SECONDS or self._is_believed(wall, monotonic, expected):
            self._doubt = None
            self._believe(wall, monotonic)
            return wall
        # By a clock set back a little, or by the monotonic one: a day that has begun stays.
        if epoch_of(time) > self.epoch:
            self._enter(epoch_of(time))
        if time is not wall:
            self._from = self._until = float("inf")  # nothing that it says now is taken unseen
        return time

    def _is_believed(self, wall: float, monotonic: float, expected: float) -> bool:
        """Whether something else speaks for a clock that the monotonic one speaks against."""
        if self._gap is not None and self._gap[0] <= wall < min(self._gap[1], expected):
            self._tell("set_right", logging.WARNING)
            return True
        if self._least is not None and wall >= max(self._least, expected):
            self._tell("set_right", logging.WARNING)
            self._gap, self._least = (self._least, wall), None
            return True
        offset = wall - monotonic
        if self._doubt is None or abs(offset - self._doubt[0]) > _SAME_S:
            self._doubt = offset, monotonic
            self._tell("ahead" if wall > expected else "behind", logging.ERROR)
        elif wall > expected and monotonic - self._doubt[1] >= STEADY_S:
            self._gap = expected - SECONDS, wall
            self._tell("steady", logging.WARNING)
            return True
        return False

    def _believe(self, wall: float, monotonic: float) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._enter(epoch_of(wall))

    def _enter(self, epoch: int) -> None:
        self.epoch = epoch
        self._from, self._until = begins(epoch), begins(epoch + 1)

    @staticmethod
    def _tell(reason: str, level: int) -> None:
        report(Incident.CLOCK_JUMPED, reason=reason, level=level)
