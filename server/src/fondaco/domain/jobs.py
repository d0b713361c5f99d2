"""Jobs: paid work that outlives the HTTP call which ordered it, with the money held for it."""

from dataclasses import dataclass, field
from enum import StrEnum

from fondaco.domain.money.ledger import OpenCall
from fondaco.domain.money.money import Funds
from fondaco.domain.money.price import Charge
from fondaco.domain.money.usage import Usage


class JobState(StrEnum):
    """State of a job; it goes down this list, and back to the queue when its worker is lost."""

    QUEUED = "queued"
    RUNNING = "running"
    """A worker has the lease on it."""
    DONE = "done"
    """Its result is sealed in the store, and its charge is entered."""
    FAILED = "failed"
    """Nothing was charged for it."""


class JobFailure(StrEnum):
    """Why a job failed: a closed set, stored with the job until its caller retrieves it."""

    ENGINE = "engine"
    """Every engine failed at it."""
    UNAVAILABLE = "unavailable"
    """No engine was available."""
    TIMEOUT = "timeout"
    """It took too long."""
    SOUNDTRACK = "soundtrack"
    """Its soundtrack cannot be read."""
    INPUT = "input"
    """Another part of the request cannot be used after all."""
    INTERRUPTED = "interrupted"
    """The server ended during each of its tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidJob:
    """A job as it is stored, without content.

    It is also the durable record of its hold: no open call is noted for it.
    """

    id: str
    """32 hex digits: the id of the call that ordered it, and of its charge."""
    digest: bytes
    """Keyed hash of the secret with which its caller retrieves it, 32 bytes."""
    public_key: bytes
    """Public key, 32 bytes, to which the result is sealed; only its secret opens the result again."""
    account_id: int
    key_id: str
    model: str
    """The catalogue's id of the model."""
    held: Funds = field(default_factory=Funds)
    """Funds that it holds until it ends."""
    epoch: int = 0
    """The epoch in which it was admitted."""
    charge: Charge
    """Charge on success, as it was quoted."""
    usage: Usage
    """Usage that the charge is for."""
    made_at: float
    """Unix seconds, as all times here."""
    state: JobState = JobState.QUEUED
    attempts: int = 0
    """Number of times that a worker has started it."""
    lease: int = 0
    """Number of leases: a worker may end it only under the last lease."""
    started_at: float | None = None
    """Start of the present try."""
    ended_at: float | None = None
    progress: float = 0.0
    """The share that is done, 0 to 1, of the present try."""
    execution_ms: int = 0
    """Duration of the try that ended it."""
    failure: JobFailure | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more is done for it."""
        return self.state in (JobState.DONE, JobState.FAILED)

    @property
    def hold(self) -> OpenCall:
        """Hold that the ledger restores after a restart."""
        return OpenCall(
            call_id=self.id,
            account_id=self.account_id,
            key_id=self.key_id,
            model=self.model,
            opened_at=self.made_at,
            held=self.held,
            epoch=self.epoch,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnd:
    """The end of a job, which is written in one transaction with its charge."""

    job_id: str
    lease: int
    """The lease under which it ends."""
    ended_at: float
    execution_ms: int = 0
    result: bytes | None = None
    """Sealed; None where it failed."""
    failure: JobFailure | None = None
    """None where it succeeded."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """A worker's word that it still works on a job."""

    job_id: str
    lease: int
    progress: float


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Limits on unfinished jobs."""

    total: int
    account: int
    """Of one account."""
