"""Room: how many bytes of large bodies the server holds at a time, so that memory has an end."""

from dataclasses import dataclass
from functools import partial

from fondaco.domain.errors import EngineUnavailableError, InvalidFileSizeError
from fondaco.http.exchange import Exchange

_RETRY_AFTER_S = 5
_MARKS = b',[{"'
_BYTES_A_MARK = 16


@dataclass(slots=True)
class Room:
    """Room for bodies that are larger than others may be, because they carry images."""

    usual_bytes: int
    """As large as any body may be; for such, no room is needed."""
    most_bytes: int
    """As large as one body may be here."""
    total_bytes: int
    taken_bytes: int = 0

    async def limit(self, exchange: Exchange) -> int:
        """Return how large the exchange's body may be; room for it is taken until the exchange ends.

        Raises:
            EngineUnavailableError: too many large bodies are here at present.
        """
        larger = self.most_bytes > self.usual_bytes and await exchange.exceeds(self.usual_bytes)
        if not larger:
            return self.usual_bytes
        declared = exchange.declared_bytes
        needed = self.most_bytes if declared is None else declared
        if needed <= self.most_bytes:
            if self.taken_bytes + needed > self.total_bytes:
                raise EngineUnavailableError(
                    "The server holds as many large requests as it can. Try again in a moment, or "
                    f"send less than {self.usual_bytes:,} bytes.",
                    retry_after_s=_RETRY_AFTER_S,
                )
            self.taken_bytes += needed
            exchange.at_end = partial(self._give_back, needed)
        return self.most_bytes

    def expect_media(self, body: bytes) -> None:
        """Return if a body is large by its texts, not by their number, which would take seconds.

        Raises:
            InvalidFileSizeError: it has too many values.
        """
        if len(body) <= self.usual_bytes:
            return
        most = self.usual_bytes // _BYTES_A_MARK
        if sum(body.count(mark) for mark in _MARKS) > most:
            raise InvalidFileSizeError(
                f"A request's body may exceed {self.usual_bytes} bytes for its images alone; this one "
                "has too many values."
            )

    def _give_back(self, octets: int) -> None:
        self.taken_bytes -= octets
