"""Replay: enters what the charge log has and the database lacks, after a crash.

A record is entered if the ledger has a charge of its call, or the quarantine its write. So a replay may
be cut off anywhere, and begin anew.
"""

import logging
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from fondaco.domain.errors import StorageFailedError
from fondaco.ports.incidents import Incident, report
from fondaco.stores.charge_log import segments
from fondaco.stores.charge_log.record import LoggedCharge
from fondaco.stores.sqlite.ledger import faults, quarantine
from fondaco.stores.sqlite.ledger.batch import Batch, changing, put
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.tables.id_cache import IdCache
from fondaco.stores.sqlite.tables.rows import id_bytes

log = logging.getLogger("fondaco.ledger")

_ENTERED: Final = """
SELECT EXISTS (SELECT 1 FROM entry WHERE call_id = :call AND kind = 1)
    OR EXISTS (SELECT 1 FROM quarantine WHERE call_id = :call AND kind = 'write')
"""
_PATIENCE_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.005


def is_entered(connection: sqlite3.Connection, call_id: str) -> bool:
    """Whether the database has what became of a call's charges."""
    (entered,) = connection.execute(_ENTERED, {"call": id_bytes(call_id)}).fetchone()
    return bool(entered)


def replay(connection: sqlite3.Connection, folder: Path) -> int:
    """Enter the records of a folder that is locked, and delete its segments; return how many were missing.

    A torn end is cut off: no reply waited for it any more. A segment with other damage is kept for the
    operator; its whole records are entered, and nothing is guessed of the others.

    Raises:
        sqlite3.Error: the database cannot be written; nothing is lost.
        OSError: a segment cannot be read or deleted.
    """
    missing = 0
    for segment in segments.segments(folder):
        found = segments.read(segment)
        missing += _enter(connection, found.charges)
        if found.gaps:
            segments.set_aside(segment)
            report(Incident.CHARGE_LOG_DAMAGED, reason="checksum", level=logging.ERROR)
            continue
        if found.torn_bytes:
            log.warning("charge log: %d bytes of a write that was cut off", found.torn_bytes)
        segment.unlink()
    if missing:
        log.warning("charge log: %d charges entered that a crash had left to it", missing)
    return missing


def entered(database: Path, patience_s: float = _PATIENCE_S) -> bool:
    """Return once the database has all charges that were confirmed before; blocks for that.

    Where a server runs, it enters them, within some hundredths of a second. Else they are entered here.

    Returns:
        Whether it has; False where the server could not enter them in time.

    Raises:
        StorageFailedError: the database or its charge log cannot be used.
    """
    folder = segments.folder_of(database)
    if not segments.segments(folder):
        return True
    try:
        with closing(connect(database)) as connection:
            return _entered(connection, folder, monotonic() + patience_s)
    except (sqlite3.Error, OSError) as error:
        raise StorageFailedError from error


def _entered(connection: sqlite3.Connection, folder: Path, deadline: float) -> bool:
    last = segments.last_entries(folder)
    while True:
        try:
            lock = segments.locked(folder)
        except FileNotFoundError:
            return True  # its owner has entered everything, and ended
        if lock is not None:
            try:
                replay(connection, folder)
            finally:
                os.close(lock)
            return True
        if not last or is_entered(connection, str(last[0].call_id)):
            return True
        if monotonic() > deadline:
            return False
        sleep(_LOOK_EVERY_S)


def _enter(connection: sqlite3.Connection, charges: Sequence[LoggedCharge]) -> int:
    """Enter the charges that are missing, all at once where that is possible."""
    missing = [charge for charge in charges if not is_entered(connection, charge.call_id)]
    if not missing:
        return 0
    try:
        with changing(connection):
            _put(connection, missing)
    except Exception as error:
        if faults.transient_reason(error) is not None:
            raise
        for charge in missing:
            _enter_alone(connection, charge)
    return len(missing)


def _enter_alone(connection: sqlite3.Connection, charge: LoggedCharge) -> None:
    """Enter the charges of one call, or move them to the quarantine."""
    try:
        with changing(connection):
            if not is_entered(connection, charge.call_id):
                _put(connection, (charge,))
    except Exception as error:
        if faults.transient_reason(error) is not None:
            raise
        why, call_id = faults.unwritable(error), charge.call_id
        with changing(connection):
            quarantine.put_write(connection, charge.entries, _closed(charge), why)
        report(
            Incident.LEDGER_WRITE_QUARANTINED,
            reason=why,
            call_id=call_id,
            account_id=charge.entries[0].account_id,
            level=logging.ERROR,
        )


def _put(connection: sqlite3.Connection, charges: Sequence[LoggedCharge]) -> None:
    (last,) = connection.execute("SELECT ifnull(max(id), 0) FROM entry").fetchone()
    batch = Batch(
        entries=[entry for charge in charges for entry in charge.entries],
        closed=[charge.call_id for charge in charges if charge.closes],
    )
    put(connection, last + 1, batch, IdCache(connection))


def _closed(charge: LoggedCharge) -> str | None:
    return charge.call_id if charge.closes else None
