"""Records of idempotency keys."""

from typing import Protocol

from fondaco.domain.money.ledger import IdempotencyRecord


class Idempotency(Protocol):
    """Keeps which call runs under each `Idempotency-Key`: one record for an account and key.

    The records must be durable, and exact across all servers that share the ledger. A cancelled
    `acquire` may or may not have left its record; `release` it to be sure.
    """

    async def acquire(self, record: IdempotencyRecord) -> IdempotencyRecord:
        """Return the record under this account and key: `record`, or the one that was there before.

        It is durable when this returns.

        Raises:
            StorageFailedError: the store cannot be read or written.
        """
        ...

    async def release(self, record: IdempotencyRecord) -> None:
        """Delete the record of a call that was not charged, so that its key may be used again.

        Has no effect where the key belongs to another call; may be repeated.

        Raises:
            StorageFailedError: the store cannot be written.
        """
        ...

    async def charged(self, record: IdempotencyRecord) -> bool:
        """Whether the record's call has a charge in the ledger; if not, it is still running.

        Raises:
            StorageFailedError: the store cannot be read.
        """
        ...

    async def purge(self, before: float, *, uncharged: bool = False) -> None:
        """Delete records older than `before` (Unix seconds).

        Args:
            before: records of earlier calls are deleted.
            uncharged: delete also every record whose call has no charge: for use at a start, when no
                call is running.

        Raises:
            StorageFailedError: the store cannot be written.
        """
        ...
