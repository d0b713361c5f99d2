"""Admission: what a call needs before money: a place within its limits, and not to be a repeat."""

from types import TracebackType
from typing import Self

from fondaco.domain.models.model import AnyModel
from fondaco.domain.money.call import Call
from fondaco.domain.money.ledger import IdempotencyRecord
from fondaco.domain.money.limits import Quota
from fondaco.ports import RateLimiter, Reservation
from fondaco.serving.admission.idempotency import IdempotencyStore


class Admission:
    """One call's admission, as a context around everything it does.

    A call that is refused before anything ran leaves no trace: neither a count nor a claim.
    """

    __slots__ = (
        "_call",
        "_claim",
        "_idempotency",
        "_limits",
        "_model",
        "_reservation",
        "_tokens",
        "begun",
    )

    def __init__(
        self,
        limits: RateLimiter,
        idempotency: IdempotencyStore,
        call: Call,
        model: AnyModel,
        tokens: int,
    ) -> None:
        """Prepare a call that will consume about `tokens`."""
        self._limits = limits
        self._idempotency = idempotency
        self._call = call
        self._model = model
        self._tokens = tokens
        self._claim: IdempotencyRecord | None = None
        self.begun = False
        """Whether money is held, so that whatever follows counts."""

    async def __aenter__(self) -> Self:
        """Take the place, and the claim where the caller sent an `Idempotency-Key`.

        Raises:
            RateLimitExceededError: a limit is reached.
            ConflictError: the call is a repeat.
        """
        self._reservation: Reservation = await self._limits.admit(
            self._call, self._model, self._tokens
        )
        if self._call.idempotency_key is not None:
            try:
                self._claim = await self._idempotency.claim(self._call, self._call.idempotency_key)
            except BaseException:
                self._reservation.withdraw()
                raise
        return self

    @property
    def charged(self) -> bool:
        """Whether the call costs money."""
        return self._reservation.charged

    @property
    def quota(self) -> Quota:
        """What the limits show now."""
        return self._reservation.quota

    async def settle(self, tokens: int, *, charged: bool) -> None:
        """Count what the call really consumed, and whether its claim has been made good."""
        self._reservation.settle(tokens)
        if self._claim is not None:
            claim, self._claim = self._claim, None
            await self._idempotency.end(claim, charged=charged)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave no trace of a call that never began."""
        if not self.begun:
            self._reservation.withdraw()
        if self._claim is not None:
            await self._idempotency.end(self._claim, charged=False)
