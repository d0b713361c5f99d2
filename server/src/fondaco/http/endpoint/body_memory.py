"""Body memory budget: caps the memory of large request bodies, in total and per account.

Bodies of up to 64 KiB are not counted: connections, and an account's concurrent calls, bound their
number. A larger body is counted by its length as sent, from before it is read until the response ends.
"""

from collections import Counter
from dataclasses import dataclass, field

from fondaco.domain.errors import ConcurrencyLimitError, EngineBusyError, InvalidFileSizeError
from fondaco.http.exchange.exchange import UNCOUNTED_BYTES, Exchange

_RETRY_AFTER_S = 5
_GROWTH = 4
"""Factor by which the reservation for a body of unknown length grows."""
_MARKS = b',[{"'
_BYTES_A_MARK = 16


@dataclass(slots=True)
class BodyMemory:
    """The budget, and the size limits of one body."""

    usual_bytes: int
    """Limit of a body without media."""
    most_bytes: int
    """Limit of a body with media."""
    total_bytes: int
    account_bytes: int
    """Budget of one account; a single body may exceed it."""
    taken_bytes: int = 0
    _taken_by: Counter[int | None] = field(default_factory=Counter)

    async def read(self, exchange: Exchange, *, media: bool) -> bytes:
        """Return the body of a request; its memory is released when the exchange ends.

        Raises:
            InvalidFileSizeError: it is too large, or large by the number of its values.
            ConcurrencyLimitError: the budget of the account is exhausted.
            EngineBusyError: the total budget is exhausted.
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
        """Read a body of unknown length, with a larger reservation before each further piece."""
        reservation: _Reservation | None = None
        limit = min(UNCOUNTED_BYTES, most)
        while limit < most and await exchange.exceeds(limit):
            reservation = reservation or _Reservation(self, exchange)
            limit = min(most, limit * _GROWTH)
            reservation.hold(limit)
        return reservation

    def _expect_media(self, body: bytes) -> None:
        """Return if a body is large by long strings; many values would take seconds to validate.

        Raises:
            InvalidFileSizeError: it has too many values.
        """
        most = self.usual_bytes // _BYTES_A_MARK
        if sum(body.count(mark) for mark in _MARKS) > most:
            raise InvalidFileSizeError(
                f"A request's body may exceed {self.usual_bytes} bytes only by long images or texts; "
                "this one has too many values. Send fewer messages, or split the request."
            )

    def reserve(self, account_id: int | None, octets: int, held: int) -> None:
        """Reserve `octets` more for a body that holds `held` already.

        Raises:
            ConcurrencyLimitError, EngineBusyError: as `read` does.
        """
        others_bytes = self._taken_by[account_id] - held
        if others_bytes and others_bytes + held + octets > self.account_bytes:
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

    def release(self, account_id: int | None, octets: int) -> None:
        """Release a reservation."""
        self.taken_bytes -= octets
        self._taken_by[account_id] -= octets
        if not self._taken_by[account_id]:
            del self._taken_by[account_id]


class _Reservation:
    """The share of the budget that one body holds until its exchange ends."""

    def __init__(self, memory: BodyMemory, exchange: Exchange) -> None:
        self._memory = memory
        self._account_id = exchange.account_id
        self._octets = 0
        exchange.at_end = self._release

    def hold(self, octets: int) -> None:
        """Hold `octets` in total."""
        self._memory.reserve(self._account_id, octets - self._octets, self._octets)
        self._octets = octets

    def _release(self) -> None:
        self._memory.release(self._account_id, self._octets)
        self._octets = 0
