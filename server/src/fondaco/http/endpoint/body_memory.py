"""Body memory budget: caps the memory of large request bodies, in total and per account.

Bodies of up to 64 KiB are not counted: connections, and an account's concurrent calls, bound their
number. A larger body is counted by its length as sent, from before it is read until the response ends.
"""

from fondaco.domain.errors import InvalidFileSizeError
from fondaco.http.exchange.exchange import UNCOUNTED_BYTES, Exchange
from fondaco.serving.admission.memory_budget import MemoryBudget, MemoryShare

_GROWTH = 4
"""Growth factor of the reservation for a body of unknown length."""
_MARKS = b',[{"'
_BYTES_A_MARK = 16
_BUSY = (
    "The server has reached its memory limit for large requests. Try again in a moment, or "
    f"send less than {UNCOUNTED_BYTES:,} bytes."
)


class BodyMemory:
    """The budget, and the size limits of one body."""

    __slots__ = ("_most_bytes", "_usual_bytes", "budget")

    def __init__(
        self, usual_bytes: int, most_bytes: int, total_bytes: int, account_bytes: int
    ) -> None:
        """Prepare an empty budget.

        Args:
            usual_bytes: the limit of a body without media.
            most_bytes: the limit of a body with media.
            total_bytes: the budget of all bodies together.
            account_bytes: the budget of one account; a single body may exceed it.
        """
        self._usual_bytes = usual_bytes
        self._most_bytes = most_bytes
        self.budget = MemoryBudget(total_bytes, account_bytes, "bodies", _BUSY)
        """Memory budget of bodies."""

    async def read(self, exchange: Exchange, *, media: bool) -> bytes:
        """Return the body of a request; its memory is released when the exchange ends.

        Raises:
            InvalidFileSizeError: it is too large, or large by the number of its values.
            ConcurrencyLimitError: the budget of the account is exhausted.
            EngineBusyError: the total budget is exhausted.
        """
        body = await self._received(exchange, self._most_bytes if media else self._usual_bytes)
        if len(body) > self._usual_bytes:
            self._expect_media(body)
        return body

    async def read_form(self, exchange: Exchange) -> bytes:
        """Return a body that may be large by its files, whatever bytes they have; else as `read` does."""
        return await self._received(exchange, self._most_bytes)

    async def _received(self, exchange: Exchange, most: int) -> bytes:
        declared = exchange.declared_bytes
        share: MemoryShare | None = None
        if declared is None:
            share = await self._expect(exchange, most)
        elif UNCOUNTED_BYTES < declared <= most:
            self._share(exchange).hold(declared)
        body = await exchange.body(most)
        if share is not None:
            share.hold(len(body))
        return body

    async def _expect(self, exchange: Exchange, most: int) -> MemoryShare | None:
        """Read a body of unknown length, with a larger reservation before each further piece."""
        share: MemoryShare | None = None
        limit = min(UNCOUNTED_BYTES, most)
        while limit < most and await exchange.exceeds(limit):
            share = share or self._share(exchange)
            limit = min(most, limit * _GROWTH)
            share.hold(limit)
        return share

    def _share(self, exchange: Exchange) -> MemoryShare:
        """Return a share of the budget that the body holds until its exchange ends."""
        share = self.budget.share(exchange.account_id)
        exchange.at_end(share.release)
        return share

    def _expect_media(self, body: bytes) -> None:
        """Return if a body is large by long strings; many values would take seconds to validate.

        Raises:
            InvalidFileSizeError: it has too many values.
        """
        most = self._usual_bytes // _BYTES_A_MARK
        if sum(body.count(mark) for mark in _MARKS) > most:
            raise InvalidFileSizeError(
                f"A request's body may exceed {self._usual_bytes} bytes only with long strings; "
                "this one has too many values. Send fewer messages, or split the request."
            )
