"""Paid calls: admission, holds and settlement around the work of every call, whatever its kind.

The life of a call is one straight line:

    admission -> estimate -> hold -> (retrieval, inputs) -> failover -> meter -> output -> settlement

Entering a `PaidCall` is the admission, leaving it the settlement. In between a use case measures the
request, puts a meter for its kind into the call's meter, calls `hold` to hold the most that the work can
cost, and has an engine do it. No task group and no time-out scope stays open across a `yield`.
"""

from asyncio import Future
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from fondaco.domain.errors import (
    AlreadyEnteredError,
    InsufficientBalanceError,
    StorageFailedError,
    WriteQuarantinedError,
)
from fondaco.domain.models.model import AnyModel
from fondaco.domain.money.call import Call
from fondaco.domain.money.limits import Quota
from fondaco.domain.money.price import Charge, FreePricing, Price
from fondaco.domain.money.usage import NO_USAGE, Usage
from fondaco.ports import Clock, RateLimiter, Reservation
from fondaco.serving.admission.admission import Admission
from fondaco.serving.admission.idempotency import IdempotencyStore
from fondaco.serving.billing.call_meter import CallMeter
from fondaco.serving.billing.ledger import Hold, Ledger
from fondaco.serving.metrics import Metrics

UNDELIVERED = "not delivered: the ledger could not be written"
TRUNCATED = "ended where the balance or the key's limit did"


_KEPT = (
    "The ledger cannot be written. What was done for this call is charged as soon as it can be; "
    "please try again later."
)


class PaidCalls:
    """Opens paid calls over one ledger, rate limiter and idempotency store."""

    def __init__(
        self,
        ledger: Ledger,
        limits: RateLimiter,
        idempotency: IdempotencyStore,
        *,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.ledger = ledger
        self.limits = limits
        self.idempotency = idempotency
        self.clock = clock
        self.metrics = metrics

    def open(
        self,
        call: Call,
        model: AnyModel,
        meter: CallMeter,
        *,
        estimated_tokens: int,
        price: Price | None = None,
    ) -> "PaidCall":
        """Return a call's context, to be entered.

        Args:
            call: the call.
            model: the model that does the work, and its price.
            meter: counts all that the call consumes.
            estimated_tokens: what the token limit reserves until the settlement.
            price: the part of the model's price that this call is charged by; None: the whole.
        """
        return PaidCall(self, call, model, meter, estimated_tokens, price=price or model.price)


class PaidCall:
    """One call's admission, hold and settlement, as a context around all its work.

    Work starts only after `hold` has held the most that it can cost. A disconnect cancels the task once,
    which leaves the context and settles. Should a second cancellation interrupt the settlement, the
    ledger completes the write with no task waiting for it.
    """

    __slots__ = (
        "_admission",
        "_call",
        "_calls",
        "_hold",
        "_model",
        "_started",
        "meter",
        "price",
        "usage",
    )

    def __init__(
        self,
        calls: PaidCalls,
        call: Call,
        model: AnyModel,
        meter: CallMeter,
        estimated_tokens: int,
        *,
        price: Price,
    ) -> None:
        """Prepare a call that is charged by what `meter` will have counted."""
        self._calls = calls
        self._call = call
        self._model = model
        self.price = price
        """Price of the call; free once it is admitted, where its tier is not charged."""
        self.meter = meter
        """Counts all that the call consumes."""
        self._admission = Admission(calls.limits, calls.idempotency, call, model, estimated_tokens)
        self._hold: Hold | None = None
        self._started = 0.0
        self.usage = NO_USAGE
        """The usage that was charged, once the context has been left."""

    async def __aenter__(self) -> Self:
        """Admit the call; nothing is held yet.

        Raises:
            RateLimitExceededError: a limit is reached.
            ConflictError: the call repeats an earlier one under the same `Idempotency-Key`.
        """
        if self._hold is not None:
            return self  # opened before, with no wait
        await self._admission.__aenter__()
        if not self._admission.charged:
            self.price = FreePricing(self.price)
        return self

    def open_now(self, hold: Hold, reservation: Reservation) -> None:
        """Open a call that costs money and has no idempotency key, with no wait."""
        self._admission.enter_now(reservation)
        self._hold, self._started = hold, self._calls.clock.monotonic()

    def settle_now(self, usage: Usage) -> Future[None] | None:
        """Begin the settlement of a call that was opened so and ended well; None: something has to be awaited.

        Once the result is done, call `settled_now`. Where it failed, and in all other cases, enter and leave
        the context, as for any other call.
        """
        hold = self._hold
        if hold is None:
            return None
        self.usage = usage
        charge = self.price.charge(self._model.id, usage)
        return hold.settle_now(charge, usage, self._elapsed_ms())

    def settled_now(self) -> None:
        """Take note that the charge is durable."""
        if self._hold is not None:
            self._hold.settled_now()
        self._calls.metrics.consumed(self._model.id, self.usage)
        self._admission.settle_now(self.usage.total_tokens)

    def _elapsed_ms(self) -> int:
        return int((self._calls.clock.monotonic() - self._started) * 1000)

    async def hold(self) -> None:
        """Hold the most that the call can cost by what its meter knows now; call it before any work.

        The first time this takes the hold, later it extends it: by the whole difference or not at all.

        Raises:
            InsufficientBalanceError: the account cannot cover it, or its key may not.
        """
        ceiling = self.price.ceiling(self.meter.most)
        if self._hold is None:
            ledger = self._calls.ledger
            self._hold = await ledger.hold(self._call, self._model.id, ceiling, self.meter)
            self._started = self._calls.clock.monotonic()
            self._admission.held = True
        elif (more := ceiling - self._hold.funds.total) > 0:
            await self._hold.extend(more)

    async def entrust(self, insert: Callable[[Hold], Awaitable[bool]]) -> None:
        """Have a job record the hold, which then outlives this call, and with it its idempotency key.

        Nothing is charged when the context is left. To be awaited by `uncancelled`.

        Args:
            insert: inserts the job in one transaction, in which the open call of the hold goes; returns
                whether it did.

        Raises:
            RuntimeError: nothing is held.
        """
        hold = self._hold
        if hold is None:
            raise RuntimeError("Nothing is held that a job could record.")
        hold.durable = True  # before: a note of its progress would be settled after a crash, too
        inserted = False
        try:
            inserted = await insert(hold)
        finally:
            hold.durable = inserted
        if inserted:
            hold.entrust()
            self._hold = None
            await self._admission.settle(0, charged=True)

    @property
    def account_id(self) -> int:
        """The account that pays."""
        return self._call.account_id

    @property
    def affordable(self) -> int:
        """Nano-dollars that the call holds and could hold in addition.

        Await nothing between reading this and `hold`: another call could take the difference.
        """
        return 0 if self._hold is None else self._hold.funds.total + self._hold.free.total

    @property
    def quota(self) -> Quota:
        """Remainder of the account's rate limits now."""
        return self._admission.reservation.quota

    def server_stops(self) -> bool:
        """Whether running calls are being cut off, as the server stops."""
        return self._calls.ledger.stopping

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Charge the consumption, and return once the charge is durable; no hold outlives its call."""
        try:
            if self._hold is not None:
                try:
                    await self._settle(self._hold, kind)
                finally:
                    self._hold.release()
        finally:
            await self._admission.__aexit__(kind, error, trace)

    async def _settle(self, hold: Hold, kind: type[BaseException] | None) -> None:
        elapsed_ms = self._elapsed_ms()
        notes = self._end(kind)
        usage = self.usage = self.meter.usage
        charge, entered = self.price.charge(self._model.id, usage), True
        try:
            await hold.settle(charge, usage, elapsed_ms, notes)
        except (AlreadyEnteredError, WriteQuarantinedError):
            entered = False
            raise
        except StorageFailedError as error:
            if kind is None and self.meter.withhold():
                charge = self._reduce(hold, charge, elapsed_ms)
            if charge.rows:
                raise StorageFailedError(_KEPT) from error
            raise
        finally:
            charged = entered and bool(charge.rows)
            if charged or (kind is None and entered):
                self._calls.metrics.consumed(self._model.id, self.usage)
            tokens = self.usage.total_tokens if charge.rows else 0
            await self._admission.settle(tokens, charged=charged)

    def _end(self, kind: type[BaseException] | None) -> str:
        """Have the meter count what a call consumed that ended so; return the note of its charge."""
        if kind is None:
            return TRUNCATED if self.meter.exhausted else ""
        stopping = self.server_stops()
        if issubclass(kind, Exception):
            self.meter.fail()
        elif not stopping:
            self.meter.hang_up()
        return _why(kind, stopping=stopping)

    def _reduce(self, hold: Hold, charge: Charge, elapsed_ms: int) -> Charge:
        """Charge nothing of a whole result that is withheld; return the charge of what remains."""
        usage = self.usage = self.meter.usage
        less = self.price.charge(self._model.id, usage)
        if less.rows:
            hold.reduce(less, usage, elapsed_ms, UNDELIVERED)
        else:
            hold.reduce(charge.within(0), usage, elapsed_ms, UNDELIVERED)
        return less


def _why(kind: type[BaseException], *, stopping: bool) -> str:
    if issubclass(kind, InsufficientBalanceError):
        return TRUNCATED
    if issubclass(kind, Exception):
        return "cut off by the engine; charged what was delivered"
    if stopping:
        return "cut off as the server was stopped; charged what was produced"
    return "cut off by the caller; charged what was produced"
