"""The pipeline that every paid call goes through: hold before work, settle after it, whatever happens."""

from types import TracebackType
from typing import Protocol, Self

from fondaco.domain.errors import (
    AlreadyEnteredError,
    InsufficientBalanceError,
    StorageFailedError,
    WriteQuarantinedError,
)
from fondaco.domain.money.call import Call
from fondaco.domain.money.price import Charge, Price
from fondaco.domain.money.usage import Usage
from fondaco.ports import Clock
from fondaco.serving.admission.admission import Admission
from fondaco.serving.billing.ledger import Hold, Ledger, Meter

UNDELIVERED = "not delivered: the ledger could not be written"
CURTAILED = "ended where the balance or the key's limit did"


_KEPT = (
    "The ledger cannot be written. What was done for this call is charged as soon as it can be; "
    "please try again later."
)


class CallMeter(Meter, Protocol):
    """What counts a call's usage, and knows its bounds."""

    @property
    def most(self) -> Usage:
        """The most that the call can consume, by all that is known now."""
        ...

    @property
    def truncated(self) -> bool:
        """Whether the answer may be no longer than the money lasts."""
        ...

    @property
    def ended_early(self) -> bool:
        """Whether the call ended only because no more could be paid."""
        ...

    def hang_up(self) -> None:
        """Count what was produced for a caller who has gone, though it was not delivered."""
        ...

    def break_off(self) -> None:
        """Count no more than was delivered: the answer has failed."""
        ...

    def withhold(self) -> bool:
        """Count nothing of a whole answer that its caller will not get; return whether it is one."""
        ...


class PaidCall:
    """The money side of one call, as a context around all its work, left with the settlement.

    Nothing is done for a call before `cover` has held the most that it can cost. A hang-up cancels the
    task once, which brings it here; the settlement then goes its way. Should a second cancellation
    meet it, the ledger writes on without anybody who waits.
    """

    __slots__ = (
        "_admission",
        "_call",
        "_clock",
        "_hold",
        "_ledger",
        "_meter",
        "_model",
        "_price",
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
        model: str,
        price: Price,
        meter: CallMeter,
    ) -> None:
        """Prepare a call that is charged by what `meter` will have counted."""
        self._ledger = ledger
        self._clock = clock
        self._call = call
        self._admission = admission
        self._model = model
        self._price = price
        self._meter = meter
        self._hold: Hold | None = None
        self._started = 0.0
        self.usage = Usage()
        """What the call was charged for, once the context has been left."""

    async def __aenter__(self) -> Self:
        """Begin; nothing is held yet."""
        return self

    async def cover(self) -> None:
        """Hold the most that the call can cost by what its meter knows now: work comes after.

        All of it or nothing: where it is refused, what was held before stays held.

        Raises:
            InsufficientBalanceError: the account cannot cover it, or its key may not.
        """
        ceiling = self._price.ceiling(self._meter.most)
        if self._hold is None:
            self._hold = await self._ledger.hold(self._call, self._model, ceiling, self._meter)
            self._started = self._clock.monotonic()
            self._admission.begun = True
        elif (more := ceiling - self._hold.funds.total) > 0:
            await self._hold.extend(more)

    @property
    def means(self) -> int:
        """Nano-dollars that the call holds, and could hold besides.

        Nothing is awaited between this and a `cover` that follows at once, so no other call can take it.
        """
        return 0 if self._hold is None else self._hold.funds.total + self._hold.free.total

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Charge what was consumed, and return once that is durable; no hold outlives its call."""
        if self._hold is None:
            return
        try:
            await self._settle(self._hold, kind)
        finally:
            self._hold.release()

    async def _settle(self, hold: Hold, kind: type[BaseException] | None) -> None:
        elapsed_ms = int((self._clock.monotonic() - self._started) * 1000)
        notes = self._ended(kind)
        usage = self.usage = self._meter.usage
        charge, entered = self._price.charge(self._model, usage), True
        try:
            await hold.settle(charge, usage, elapsed_ms, notes)
        except (AlreadyEnteredError, WriteQuarantinedError):
            entered = False
            raise
        except StorageFailedError as error:
            if kind is None and self._meter.withhold():
                charge = self._relent(hold, charge, elapsed_ms)
            if charge.rows:
                raise StorageFailedError(_KEPT) from error
            raise
        finally:
            tokens = self.usage.total_tokens if charge.rows else 0
            await self._admission.settle(tokens, charged=entered and bool(charge.rows))

    def _ended(self, kind: type[BaseException] | None) -> str:
        """Count what a call counts that ended so, and return what its entries say of it."""
        if kind is None:
            return CURTAILED if self._meter.truncated and self._meter.ended_early else ""
        if issubclass(kind, Exception):
            self._meter.break_off()
        elif not self._ledger.stopping:
            self._meter.hang_up()
        return _why(kind, stopping=self._ledger.stopping)

    def _relent(self, hold: Hold, charge: Charge, elapsed_ms: int) -> Charge:
        """Charge nothing of a whole reply that is withheld, as it could not be; return what is."""
        usage = self.usage = self._meter.usage
        less = self._price.charge(self._model, usage)
        if less.rows:
            hold.relent(less, usage, elapsed_ms, UNDELIVERED)
        else:
            hold.relent(charge.within(0), usage, elapsed_ms, UNDELIVERED)
        return less


def _why(kind: type[BaseException], *, stopping: bool) -> str:
    if issubclass(kind, InsufficientBalanceError):
        return CURTAILED
    if issubclass(kind, Exception):
        return "cut off by the engine; charged what was delivered"
    if stopping:
        return "cut off as the server was stopped; charged what was produced"
    return "cut off by the caller; charged what was produced"
