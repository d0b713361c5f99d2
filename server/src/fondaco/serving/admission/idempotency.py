"""Repeats: lets a call with an `Idempotency-Key` run once, however often it is sent."""

import hmac

import anyio

from fondaco.domain.errors import (
    IdempotencyKeyReusedError,
    InvalidRequestError,
    RepeatedCallError,
    StorageFailedError,
)
from fondaco.domain.money.call import Call, IdempotencyKey, request_id
from fondaco.domain.money.ledger import IdempotencyRecord
from fondaco.ports import Clock, Journal
from fondaco.ports.incidents import Incident, report

KEPT_S = 86_400
"""How long a key is remembered."""
_TIDY_EVERY_S = 3_600
_LONGEST = 255


class IdempotencyStore:
    """Claims of calls, over the journal; neither key nor body leaves here but as a keyed hash."""

    def __init__(self, journal: Journal, pepper: bytes, clock: Clock) -> None:
        self._journal = journal
        self._pepper = pepper
        self._clock = clock
        self._running: set[str] = set()
        self._unreleased: dict[str, IdempotencyRecord] = {}
        """Claims of calls that ended without a charge, which the journal could not forget yet."""

    def idempotency_key(
        self, account_id: int, word: bytes, address: str, body: bytes
    ) -> IdempotencyKey:
        """Return the wish that a request of `body` to `address` runs once under the caller's `word`.

        Raises:
            InvalidRequestError: the word is empty, too long or not printable.
        """
        text = word.decode("latin-1")
        if not 0 < len(word) <= _LONGEST or not (text.isascii() and text.isprintable()):
            raise InvalidRequestError(
                f"The header Idempotency-Key takes 1 to {_LONGEST} printable ASCII characters."
            )
        return IdempotencyKey(
            key_digest=self._digest(b"key", account_id, word),
            body_digest=self._digest(b"body", account_id, address.encode() + b"\n" + body),
        )

    async def claim(self, call: Call, idempotency_key: IdempotencyKey) -> IdempotencyRecord:
        """Return the call's own claim.

        Raises:
            RepeatedCallError: an earlier call holds it.
            IdempotencyKeyReusedError: an earlier call holds it, and it was another request.
        """
        wanted = IdempotencyRecord(call.account_id, idempotency_key, call.id, call.opened_at)
        self._running.add(call.id)
        try:
            snapshot = await self._journal.claim(wanted)
            if (stale := self._unreleased.get(snapshot.call_id)) is not None:
                await self._release(stale)
                snapshot = await self._journal.claim(wanted)
        except BaseException:
            # Whoever is cancelled cannot know whether its claim was entered meanwhile.
            await self.end(wanted, charged=False)
            raise
        if snapshot.call_id == call.id:
            return wanted
        self._running.discard(call.id)
        if snapshot.idempotency_key.body_digest != idempotency_key.body_digest:
            raise IdempotencyKeyReusedError
        running = snapshot.call_id in self._running
        raise RepeatedCallError(request_id(snapshot.call_id, call.kind), running=running)

    async def end(self, claim: IdempotencyRecord, *, charged: bool) -> None:
        """End a claim with its call; where nothing was charged, the caller may try again.

        The journal forgets it before any claim that is asked for from now on, even if whoever waits
        here is cancelled.
        """
        try:
            if not charged:
                await self._release(claim)
        finally:
            self._running.discard(claim.call_id)

    async def _release(self, claim: IdempotencyRecord) -> None:
        """Forget a claim; one that the journal cannot forget now is released by its next repeat."""
        self._unreleased[claim.call_id] = claim
        try:
            await self._journal.release(claim)
        except StorageFailedError as error:
            report(Incident.LEDGER_WRITE_FAILED, reason=error.code, call_id=claim.call_id)
        else:
            self._unreleased.pop(claim.call_id, None)  # two repeats may release it at a time

    async def recover(self) -> None:
        """Forget the claims of calls that a crash ended before they cost anything.

        To be awaited once the ledger has recovered, and before the first claim.
        """
        await self._journal.forget_claims(self._clock.now() - KEPT_S, uncharged=True)

    async def run(self) -> None:
        """Forget old claims from time to time, until cancelled."""
        while True:
            await anyio.sleep(_TIDY_EVERY_S)
            for claim in tuple(self._unreleased.values()):
                await self._release(claim)
            await self._journal.forget_claims(self._clock.now() - KEPT_S)

    def _digest(self, what: bytes, account_id: int, text: bytes) -> bytes:
        return hmac.digest(
            self._pepper, b"idempotency %s %d\n" % (what, account_id) + text, "sha256"
        )
