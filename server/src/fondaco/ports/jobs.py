"""Ports of jobs: their store, and the sealer of their content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from fondaco.domain.jobs import JobState, PaidJob, QueueLimits, Renewal
from fondaco.domain.money.money import Funds


class QueueResult(Enum):
    """Outcome of adding a job."""

    ADDED = "added"
    ACCOUNT_FULL = "the account has as many unfinished jobs as it may"
    QUEUE_FULL = "all accounts together have"


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that a worker has the lease on."""

    job: PaidJob
    request: bytes
    """Sealed."""
    remote: bytes | None = None
    """Sealed id of the job at a remote engine; None: none was noted."""


@dataclass(frozen=True, slots=True)
class JobReport:
    """A job, and what it costs its account."""

    job: PaidJob
    funds: Funds
    """The sum of its charges; until it has ended, the funds that it holds."""


class JobStore(Protocol):
    """The durable store of jobs, in the database of the ledger's journal.

    A job ends with `Journal.write`, in one transaction with its charge. All methods raise
    `StorageFailedError` where the store cannot be read or written; nothing was changed then.
    """

    async def add(
        self, job: PaidJob, request: bytes, limits: QueueLimits, closes: str | None = None
    ) -> QueueResult:
        """Insert a job and what it holds, and delete the open call `closes`, in one transaction.

        Args:
            job: a queued one.
            request: what is to be done, sealed.
            limits: with so many unfinished jobs, it is not added.
            closes: the open call that noted the hold until now.
        """
        ...

    async def claim(self, now: float, until: float, after: int = 0) -> ClaimedJob | None:
        """Lease the next job that waits, or whose lease has run out; None if there is none.

        Accounts take turns by their ids: the first one above `after` that has such a job comes next, and
        of its jobs the oldest.

        Args:
            now: Unix seconds.
            until: when the lease runs out, unless it is renewed.
            after: the account whose job was claimed last.
        """
        ...

    async def renew(self, renewals: Sequence[Renewal], until: float) -> frozenset[str]:
        """Renew leases and record progress; return the ids of jobs that are leased to others now."""
        ...

    async def give_back(self, job_id: str, lease: int, *, counted: bool) -> None:
        """Return a job to the queue; without `counted`, the try does not count as one.

        Does nothing where the lease is not the last one.
        """
        ...

    async def note_remote(self, job_id: str, lease: int, remote: bytes) -> None:
        """Note which job of an engine elsewhere a job is, until it ends.

        Does nothing where the lease is not the last one.

        Args:
            job_id: of a job that is worked on.
            lease: the worker's.
            remote: sealed.
        """
        ...

    async def reopen(self) -> None:
        """End all leases, as no worker is left after a restart."""
        ...

    async def find(self, digest: bytes, account_id: int) -> PaidJob | None:
        """Return the job of an account by the hash of its secret."""
        ...

    async def of_account(self, account_id: int, most: int) -> Sequence[JobReport]:
        """Return the newest jobs of an account, at most `most`, the newest first."""
        ...

    async def result(self, job_id: str) -> bytes | None:
        """Return the sealed result of a job; None if there is none, or no more."""
        ...

    async def delete(self, job_id: str) -> bool:
        """Delete a job that has ended, with its content; return whether there was one."""
        ...

    async def delete_ended(self, before: float) -> int:
        """Delete the jobs that ended before a time, with their content; return how many."""
        ...

    async def unfinished(self) -> Sequence[PaidJob]:
        """Return the jobs that hold money, oldest first."""
        ...

    async def average_ms(self, model: str) -> int | None:
        """Return how long the last jobs of a model took on average; None before the first."""
        ...

    async def counts(self) -> Mapping[tuple[str, JobState], int]:
        """Return how many jobs there are by model and state."""
        ...


@dataclass(frozen=True, slots=True)
class QueueId:
    """A new secret with which a caller retrieves a job."""

    text: str
    """As the caller gets it; it is stored nowhere."""
    digest: bytes
    """Its keyed hash, 32 bytes."""
    public_key: bytes
    """Public key, 32 bytes, to which the job's result is sealed."""


class UnsealableError(Exception):
    """The sealed content was changed, or belongs to another secret."""


class Sealer(Protocol):
    """Encrypts the content of jobs at rest.

    A request opens to this home's own secret, as workers have to read it after a restart; a result opens
    to the secret of its caller alone.
    """

    def expect_installed(self) -> None:
        """Return if content can be sealed.

        Raises:
            EngineUnavailableError: a package is missing; the message names the command that installs it.
        """
        ...

    def queue_id(self) -> QueueId:
        """Return a new, unguessable secret."""
        ...

    def digest(self, queue_id: str) -> bytes | None:
        """Return the keyed hash of a secret; None if it can be none."""
        ...

    def seal_request(self, job_id: str, request: bytes) -> bytes:
        """Seal a job's request."""
        ...

    def open_request(self, job_id: str, sealed: bytes) -> bytes:
        """Return a job's request.

        Raises:
            UnsealableError: it is not what was sealed for this job.
        """
        ...

    def seal_result(self, job_id: str, public_key: bytes, result: bytes) -> bytes:
        """Seal a result to the caller's secret, of which only the public key is known here."""
        ...

    def open_result(self, job_id: str, queue_id: str, sealed: bytes) -> bytes:
        """Return a result.

        Raises:
            UnsealableError: it is not what was sealed for this job and secret.
        """
        ...
