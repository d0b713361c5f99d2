"""The pipeline that every paid call goes through: hold before, settle after, whatever happens."""

from types import TracebackType
from typing import Protocol, Self

from fondaco.domain.call import Call
from fondaco.domain.price import Charge
from fondaco.domain.usage import Usage
from fondaco.ports import Clock
from fondaco.serving.admission import Admission
from fondaco.serving.ledger import Hold, Ledger, Meter

CURTAILED = "ended where the balance or the key's limit did"


class Priced(Protocol):
    """What sells usage: a model with its price."""

    @property
    def id(self) -> str:
        """Its name in the catalogue."""
        ...

    def charge(self, usage: Usage) -> Charge:
        """Return what the usage costs."""
        ...


class PaidCall:
    """The money side of one call, as a context: entered with the hold, left with the settlement.

    A hang-up cancels the task once, which brings it here; the settlement then goes its way. Should
    a second cancellation meet it, the ledger writes on without anybody who waits.
    """

    __slots__ = (
        "_admission",
        "_call",
        "_ceiling",
        "_clock",
        "_curtailed_at",
        "_hold",
        "_ledger",
        "_meter",
        "_priced",
        "_started",
        "usage",
    )

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        call: Call,
        admission: Admission,
        *,
        priced: Priced,
        ceiling: int,
        meter: Meter,
        curtailed_at: int | None = None,
    ) -> None:
        """Prepare a call that costs at most `ceiling` nano-dollars, by what `meter` will count.

        `curtailed_at` is the output at which it ends only because no more could be paid.
        """
        self._ledger = ledger
        self._clock = clock
        self._call = call
        self._admission = admission
        self._curtailed_at = curtailed_at
        self._priced = priced
        self._ceiling = ceiling
        self._meter = meter
        self.usage = Usage()
        """What the call was charged for, once the context has been left."""

    async def __aenter__(self) -> Self:
        """Take the hold.

        Raises:
            InsufficientBalanceError: the account cannot cover the ceiling.
        """
        self._hold: Hold = await self._ledger.hold(
            self._call, self._priced.id, self._ceiling, self._meter
        )
        self._started = self._clock.monotonic()
        self._admission.begun = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Charge what was consumed, and return once that is durable; no hold outlives its call."""
        try:
            await self._settle(kind)
        finally:
            self._hold.release()

    async def _settle(self, kind: type[BaseException] | None) -> None:
        elapsed_ms = int((self._clock.monotonic() - self._started) * 1000)
        usage = self.usage = self._meter.usage
        if kind is not None:
            notes = _why(kind, stopping=self._ledger.stopping)
        else:
            notes = CURTAILED if usage.output_tokens == self._curtailed_at else ""
        charge = self._priced.charge(usage)
        try:
            await self._hold.settle(charge, usage, elapsed_ms, notes)
        finally:
            tokens = usage.total_tokens if charge.rows else 0
            await self._admission.settle(tokens, charged=bool(charge.rows))


def _why(kind: type[BaseException], *, stopping: bool) -> str:
    if issubclass(kind, Exception):
        return "cut off by the engine; charged what was delivered"
    if stopping:
        return "cut off as the server was stopped; charged what was produced"
    return "cut off by the caller; charged what was produced"
