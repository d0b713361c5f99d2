"""Operational faults, each reported as one log record and one count, never with content."""

import logging
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice

log = logging.getLogger("fondaco.incidents")
"""Logger of incidents. The composition root adds the handler that counts them."""
log.setLevel(logging.INFO)  # incidents are counted at every log level
_MOST_FRAMES = 8
_MOST_OF_A_GROUP = 4


class Incident(StrEnum):
    """The kinds of operational fault: a closed set, since each is the label of a metric."""

    ENGINE_FAILED = "engine_failed"
    """An engine refused, failed or broke off a call."""
    ENGINE_PASSED_OVER = "engine_passed_over"
    """A call failed over to the next engine of its route."""
    ENGINE_STOPPED = "engine_stopped"
    """The process of an embedded engine ended, or did not start; it restarts when needed."""
    ENGINE_UNREACHABLE = "engine_unreachable"
    """An upstream engine did not answer its health check."""
    ENGINE_REPLY_REPAIRED = "engine_reply_repaired"
    """A reply violated the protocol, but its meaning was clear."""
    HISTORY_REFUSED = "history_refused"
    """An engine rejects reasoning of earlier answers; for a while it is omitted."""
    LEDGER_WRITE_FAILED = "ledger_write_failed"
    """The ledger's store failed for a transient reason; the write is kept and retried."""
    LEDGER_WRITE_QUARANTINED = "ledger_write_quarantined"
    """A write can never succeed; it was moved to the quarantine."""
    CHARGE_LOG_FAILED = "charge_log_failed"
    """The charge log cannot be written; meanwhile each charge is committed to the database at once."""
    CHARGE_LOG_DAMAGED = "charge_log_damaged"
    """A segment of the charge log was damaged; what could be read is entered, and the file is kept."""
    CHARGE_REFUSED_LATE = "charge_refused_late"
    """The ledger has a charge of a call already, or cannot enter one that its caller was told of."""
    LEDGER_THREAD_FAILED = "ledger_thread_failed"
    """The writer thread met an error of its own."""
    CHARGE_REPAIRED = "charge_repaired"
    """A charge was computed from numbers that no call can have."""
    RECOVERY_FAILED = "recovery_failed"
    """A call that a crash left open could not be settled; it was moved to the quarantine."""
    HOLD_LEAKED = "hold_leaked"
    """A call ended with its hold open."""
    CLOCK_JUMPED = "clock_jumped"
    """The clock disagrees with the ledger by more than money may depend on."""
    JOB_FAILED = "job_failed"
    """A job failed; nothing was charged for it."""
    HTTP_FAULT = "http_fault"
    """A connection met an error of ours outside a reply."""
    DEFECT = "defect"
    """A request met an error of ours, and got 500."""
    TASK_FAILED = "task_failed"
    """A task or thread in the background met an error of ours."""
    CONNECTIONS_EXHAUSTED = "connections_exhausted"
    """The server, or one client address, reached its limit of connections."""
    CONFIGURATION_REFUSED = "configuration_refused"
    """A reload found a bad configuration; the old one stays."""


def report(
    incident: Incident,
    *,
    reason: str,
    engine: str = "",
    model: str = "",
    call_id: str = "",
    account_id: int | None = None,
    place: str = "",
    level: int = logging.WARNING,
) -> None:
    """Log an incident; the handler of the composition root counts it, too.

    Args:
        incident: its kind.
        reason: from a closed vocabulary, such as an error's code or class name. Never the text of an
            exception, which may quote content.
        engine: its name in the configuration.
        model: its id in the catalogue.
        call_id: for the log alone.
        account_id: for the log alone.
        place: the place in the code, from `place_of`; only for the log.
        level: of `logging`.
    """
    fields = {
        "reason": reason,
        "engine": engine,
        "model": model,
        "call_id": call_id,
        "account_id": "" if account_id is None else str(account_id),
        "place": place,
    }
    given = {name: value for name, value in fields.items() if value}
    text = " ".join(f"{name}={value}" for name, value in given.items())
    log.log(level, "%s %s", incident.value, text, extra={"incident": incident, "fields": given})


def report_error(incident: Incident, error: BaseException, *, call_id: str = "") -> None:
    """Report an error of ours by its class and place; of a group, the first few that are in it."""
    for one in islice(members(error), _MOST_OF_A_GROUP):
        report(
            incident,
            reason=type(one).__name__,
            call_id=call_id,
            place=place_of(one),
            level=logging.ERROR,
        )


def place_of(error: BaseException) -> str:
    """Return where an error was raised, as steps of `module:line`: never with its arguments or locals."""
    steps: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        steps.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(steps[-_MOST_FRAMES:])


def members(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in a group and in its groups; an error that is no group is its own member."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from members(one)
    else:
        yield error
