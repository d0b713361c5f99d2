"""Idempotency keys: a call with an `Idempotency-Key` runs once, however often it is sent."""

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
from fondaco.ports import Clock, Idempotency
from fondaco.ports.incidents import Incident, report

KEPT_S = 86_400
"""Lifetime of a key, in seconds."""
_PURGE_EVERY_S = 3_600
_MAX_LENGTH = 255


class IdempotencyStore:
    """Acquires and releases the idempotency records of calls; of key and body it keeps keyed hashes."""

    def __init__(self, records: Idempotency, pepper: bytes, clock: Clock) -> None:
        """Keep `records`; `pepper` is the secret of the keyed hashes."""
        self._records = records
        self._pepper = pepper
        self._clock = clock
        self._unreleased: dict[str, IdempotencyRecord] = {}
        """Records of calls that ended without a charge and are not released yet, by call id."""

    def key_of(self, account_id: int, header: bytes, address: str, body: bytes) -> IdempotencyKey:
        """Return the idempotency key of a request.

        Args:
            account_id: the caller's account.
            header: the value of `Idempotency-Key`.
            address: the method and path of the request.
            body: the request body.

        Raises:
            InvalidRequestError: the header is empty, too long or not printable.
        """
        text = header.decode("latin-1")
        if not 0 < len(header) <= _MAX_LENGTH or not (text.isascii() and text.isprintable()):
            raise InvalidRequestError(
                f"The header Idempotency-Key must have 1 to {_MAX_LENGTH} printable ASCII characters."
            )
        return IdempotencyKey(
            key_digest=self._digest(b"key", account_id, header),
            body_digest=self._digest(b"body", account_id, address.encode() + b"\n" + body),
        )

    async def acquire(self, call: Call, key: IdempotencyKey) -> IdempotencyRecord:
        """Return the call's own record.

        Raises:
            RepeatedCallError: another call has the key, with the same request.
            IdempotencyKeyReusedError: another call has the key, with a different request.
            StorageFailedError: the records cannot be read or written.
        """
        candidate = IdempotencyRecord(call.account_id, key, call.id, call.opened_at)
        try:
            record = await self._records.acquire(candidate)
            if (stale := self._unreleased.get(record.call_id)) is not None:
                await self._release(stale)
                record = await self._records.acquire(candidate)
        except BaseException:
            # A cancelled caller cannot know whether its record was written.
            await self._release(candidate)
            raise
        if record.call_id == call.id:
            return candidate
        if record.idempotency_key.body_digest != key.body_digest:
            raise IdempotencyKeyReusedError
        running = not await self._records.charged(record)
        raise RepeatedCallError(request_id(record.call_id, call.kind), running=running)

    async def finish(self, record: IdempotencyRecord, *, charged: bool) -> None:
        """End a call's use of its key; if it was not charged, the caller may send it again.

        Should this be cancelled, the record is released by the next request with its key.
        """
        if not charged:
            await self._release(record)

    async def _release(self, record: IdempotencyRecord) -> None:
        """Delete a record; one that cannot be deleted now is released by the next repeat."""
        self._unreleased[record.call_id] = record
        try:
            await self._records.release(record)
        except StorageFailedError as error:
            report(Incident.LEDGER_WRITE_FAILED, reason=error.code, call_id=record.call_id)
        else:
            # Concurrent repeats may release the same record.
            self._unreleased.pop(record.call_id, None)

    async def recover(self) -> None:
        """Delete the records of calls that a crash ended before they were charged.

        Call it after the ledger has recovered and before the first `acquire`.
        """
        await self._records.purge(self._clock.now() - KEPT_S, uncharged=True)

    async def run(self) -> None:
        """Delete expired records every hour, until cancelled."""
        while True:
            await anyio.sleep(_PURGE_EVERY_S)
            for record in tuple(self._unreleased.values()):
                await self._release(record)
            await self._records.purge(self._clock.now() - KEPT_S)

    def _digest(self, purpose: bytes, account_id: int, text: bytes) -> bytes:
        return hmac.digest(
            self._pepper, b"idempotency %s %d\n" % (purpose, account_id) + text, "sha256"
        )
