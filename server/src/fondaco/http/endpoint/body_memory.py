"""Body memory budget: how many bytes of request bodies the server holds, in all and of one account.

Bodies of up to 64 KiB are not counted: their number is bounded by connections, and by an account's
simultaneous calls. All others are, by their length as sent, from before they are read until their
request has been answered.
"""

from collections import Counter
from dataclasses import dataclass, field

from fondaco.domain.errors import ConcurrencyLimitError, EngineBusyError, InvalidFileSizeError
from fondaco.http.exchange.exchange import UNCOUNTED_BYTES, Exchange

_RETRY_AFTER_S = 5
_GROWTH = 4
"""By what a reservation grows for a body whose length nobody tells beforehand."""
_MARKS = b',[{"'
_BYTES_A_MARK = 16


@dataclass(slots=True)
class BodyMemory:
    """The budget, and how large one body may be."""

    usual_bytes: int
    """As large as a body may be by its texts and values."""
    most_bytes: int
    """As large as a body may be that carries images."""
    total_bytes: int
    account_bytes: int
    """Of one account; a single body may be larger all the same."""
    taken_bytes: int = 0
    _taken_by: Counter[int | None] = field(default_factory=Counter)

    async def read(self, exchange: Exchange, *, media: bool) -> bytes:
        """Return the exchange's body; what it takes is given back when the exchange ends.

        Raises:
            InvalidFileSizeError: it is too large, or has too many values for its size.
            ConcurrencyLimitError: the account's bodies take as much as they may.
            EngineBusyError: all bodies together do.
        """
        most = self.most_bytes if media else self.usual_bytes
        declared = exchange.declared_bytes
        reservation: _Reservation | None = None
        if declared is None:
            reservation = await self._expect(exchange, most)
        elif UNCOUNTED_BYTES < declared <= most:
            _Reservation(self, exchange).hold(declared)
        body = await exchange.body(most)
        if reservation is not None:
            reservation.hold(len(body))
        if len(body) > self.usual_bytes:
            self._expect_media(body)
        return body

    async def _expect(self, exchange: Exchange, most: int) -> "_Reservation | None":
        """Read a body of unknown length, and take room before each piece of it that is longer yet."""
        reservation: _Reservation | None = None
        limit = min(UNCOUNTED_BYTES, most)
        while limit < most and await exchange.exceeds(limit):
            reservation = reservation or _Reservation(self, exchange)
            limit = min(most, limit * _GROWTH)
            reservation.hold(limit)
        return reservation

    def _expect_media(self, body: bytes) -> None:
        """Return if a body is large by its texts, not by their number, which would take seconds.

        Raises:
            InvalidFileSizeError: it has too many values.
        """
        most = self.usual_bytes // _BYTES_A_MARK
        if sum(body.count(mark) for mark in _MARKS) > most:
            raise InvalidFileSizeError(
                f"A request's body may exceed {self.usual_bytes} bytes only by long images or texts; "
                "this one has too many values. Send fewer messages, or split the request."
            )

    def take(self, account_id: int | None, octets: int, held: int) -> None:
        """Take room for a body that holds `held` bytes of it already.

        Raises:
            ConcurrencyLimitError, EngineBusyError: as `read` does.
        """
        of_others = self._taken_by[account_id] - held
        if of_others and of_others + held + octets > self.account_bytes:
            raise ConcurrencyLimitError(
                f"The account's requests under way have bodies of {self.account_bytes:,} bytes "
                "together, the most that they may. Try again when some of them have ended.",
                retry_after_s=_RETRY_AFTER_S,
            )
        if self.taken_bytes + octets > self.total_bytes:
            raise EngineBusyError(
                "The server holds as many large requests as it can. Try again in a moment, or "
                f"send less than {UNCOUNTED_BYTES:,} bytes.",
                retry_after_s=_RETRY_AFTER_S,
            )
        self.taken_bytes += octets
        self._taken_by[account_id] += octets

    def give_back(self, account_id: int | None, octets: int) -> None:
        """Give back what was taken."""
        self.taken_bytes -= octets
        self._taken_by[account_id] -= octets
        if not self._taken_by[account_id]:
            del self._taken_by[account_id]


class _Reservation:
    """What the body of one exchange has taken of the budget, until the exchange ends."""

    def __init__(self, room: BodyMemory, exchange: Exchange) -> None:
        self._room = room
        self._account_id = exchange.account_id
        self._octets = 0
        exchange.at_end = self._release

    def hold(self, octets: int) -> None:
        """Hold so many bytes in all."""
        self._room.take(self._account_id, octets - self._octets, self._octets)
        self._octets = octets

    def _release(self) -> None:
        self._room.give_back(self._account_id, self._octets)
        self._octets = 0
