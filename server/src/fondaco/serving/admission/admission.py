"""Admission: rate-limit and idempotency checks of a call, before funds are held for it."""

from types import TracebackType
from typing import Self

from fondaco.domain.models.model import AnyModel
from fondaco.domain.money.call import Call
from fondaco.domain.money.ledger import IdempotencyRecord
from fondaco.ports import RateLimiter, Reservation
from fondaco.serving.admission.idempotency import IdempotencyStore


class Admission:
    """The admission of one call, as a context manager around all its work.

    A call refused before `held` is set leaves no trace: neither a count nor an idempotency record.
    """

    __slots__ = (
        "_call",
        "_idempotency",
        "_limits",
        "_model",
        "_record",
        "_tokens",
        "held",
        "reservation",
    )

    def __init__(
        self,
        limits: RateLimiter,
        idempotency: IdempotencyStore,
        call: Call,
        model: AnyModel,
        tokens: int,
    ) -> None:
        """Prepare the admission of a call that will consume about `tokens` tokens."""
        self._limits = limits
        self._idempotency = idempotency
        self._call = call
        self._model = model
        self._tokens = tokens
        self._record: IdempotencyRecord | None = None
        self.held = False
        """Whether funds are held, so that the call counts whatever follows."""

    async def __aenter__(self) -> Self:
        """Reserve capacity, and acquire the idempotency key where the caller sent one.

        Raises:
            RateLimitExceededError: a limit is reached.
            ConflictError: another call has the key.
        """
        self.reservation: Reservation = await self._limits.admit(
            self._call, self._model, self._tokens
        )
        if (key := self._call.idempotency_key) is not None:
            try:
                self._record = await self._idempotency.acquire(self._call, key)
            except BaseException:
                self.reservation.withdraw()
                raise
        return self

    def enter_now(self, reservation: Reservation) -> None:
        """Admit a call without an idempotency key, for which funds are held."""
        self.reservation, self.held = reservation, True

    def settle_now(self, tokens: int) -> None:
        """Count the tokens consumed by a call without an idempotency key."""
        self.reservation.settle(tokens)

    @property
    def charged(self) -> bool:
        """Whether the call costs money."""
        return self.reservation.charged

    async def settle(self, tokens: int, *, charged: bool) -> None:
        """Count the tokens consumed; release the idempotency key if nothing was charged."""
        self.reservation.settle(tokens)
        if self._record is not None:
            record, self._record = self._record, None
            await self._idempotency.finish(record, charged=charged)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Withdraw a call that never began."""
        if not self.held:
            self.reservation.withdraw()
        if self._record is not None:
            await self._idempotency.finish(self._record, charged=False)
