"""Conversion between jobs and their rows."""

import json
from typing import TypeAlias

from fondaco.domain.jobs import JobFailure, JobState, PaidJob
from fondaco.domain.money.money import Funds
from fondaco.domain.money.price import Charge, ChargeRow
from fondaco.domain.money.usage import Usage
from fondaco.stores.sqlite.ledger.job_endings import WHOLE
from fondaco.stores.sqlite.tables.rows import Column, id_bytes, milliseconds

COLUMNS = (
    "id", "digest", "public_key", "account_id", "key_id", "model", "held_usd", "held_diem", "epoch",
    "charge", "seconds", "made_ms", "state", "attempts", "lease", "started_ms", "ended_ms", "progress",
    "execution_ms", "failure",
)  # fmt: skip
"""The columns of `job_row`, which `job_of` reads; `lease_ms` is the store's own."""

JobRow: TypeAlias = tuple[
    bytes, bytes, bytes, int, bytes, str, int, int, int,
    str, int, int, str, int, int, int | None, int | None, int,
    int, str | None,
]  # fmt: skip


def job_row(job: PaidJob) -> tuple[Column, ...]:
    """Return a job's columns in the order of `COLUMNS`."""
    return (
        id_bytes(job.id),
        job.digest,
        job.public_key,
        job.account_id,
        id_bytes(job.key_id),
        job.model,
        job.held.usd,
        job.held.diem,
        job.epoch,
        _charge_text(job.charge),
        job.usage.seconds,
        milliseconds(job.made_at),
        job.state.value,
        job.attempts,
        job.lease,
        None if job.started_at is None else milliseconds(job.started_at),
        None if job.ended_at is None else milliseconds(job.ended_at),
        round(job.progress * WHOLE),
        job.execution_ms,
        None if job.failure is None else job.failure.value,
    )


def job_of(row: JobRow) -> PaidJob:
    """Return the job in a row of `COLUMNS`."""
    return PaidJob(
        id=row[0].hex(),
        digest=row[1],
        public_key=row[2],
        account_id=row[3],
        key_id=row[4].hex(),
        model=row[5],
        held=Funds(usd=row[6], diem=row[7]),
        epoch=row[8],
        charge=Charge(tuple(ChargeRow(*one) for one in json.loads(row[9]))),
        usage=Usage(seconds=row[10]),
        made_at=row[11] / 1000,
        state=JobState(row[12]),
        attempts=row[13],
        lease=row[14],
        started_at=None if row[15] is None else row[15] / 1000,
        ended_at=None if row[16] is None else row[16] / 1000,
        progress=row[17] / WHOLE,
        execution_ms=row[18],
        failure=None if row[19] is None else JobFailure(row[19]),
    )


def _charge_text(charge: Charge) -> str:
    return json.dumps([[row.sku, row.units, row.unit_price, row.amount] for row in charge.rows])
