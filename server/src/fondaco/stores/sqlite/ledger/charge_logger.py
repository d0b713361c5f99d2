"""Charge logger: makes the charges of an event loop's round durable with one write to the charge log.

It is a shortcut. Where it cannot be taken, a charge is committed to the database before it is confirmed.
"""

import errno
import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from fondaco.ports.incidents import Incident, report
from fondaco.stores.charge_log import segments
from fondaco.stores.charge_log.log import ChargeLog
from fondaco.stores.charge_log.record import encode
from fondaco.stores.sqlite.ledger.commands import Command, DropSegment, EnterLogged, LogCharges
from fondaco.stores.sqlite.ledger.replay import replay

_RECENT: Final = 4_000
"""Call ids that are remembered at least: the same id again is not logged, so that the database refuses it."""
_SHARED: Final = 8
"""Charges of a round above which one commit for all of them costs no more than the log; measured."""
_MOST_BEHIND: Final = 20_000
"""Logged charges that the database may lack, before no more are logged."""
_REPORT_AGAIN_S: Final = 10.0
_NORMAL: Final = 1
"""Of `PRAGMA synchronous`."""
_LOCK_TRIES: Final = 20
_LOCK_EVERY_S: Final = 0.02


class ChargeLogger:
    """The charge log of one journal."""

    def __init__(self, log: ChargeLog) -> None:
        self._log = log
        self._recent: set[str] = set()
        self._older: set[str] = set()
        self._reported_at = float("-inf")

    @classmethod
    def opened(cls, connection: sqlite3.Connection) -> "ChargeLogger | None":
        """Enter what a crash left in the log of a database, and open it for more.

        None where durability "power" has each charge committed and synced, or the log cannot be used.

        Raises:
            sqlite3.Error, OSError: what a crash left cannot be entered now.
        """
        [(_, _, path)] = connection.execute("PRAGMA database_list").fetchall()
        (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
        folder = segments.folder_of(Path(path))
        left = bool(segments.segments(folder))
        try:
            lock = _locked(folder)
        except OSError as error:
            if left:
                raise
            _report(error)
            return None
        if lock is None:
            return None
        log = ChargeLog(folder, lock)
        try:
            replay(connection, folder)
        except BaseException:
            log.close(delete=False)
            raise
        if synchronous != _NORMAL:
            log.close(delete=True)
            return None
        return cls(log)

    def write(self, commands: Sequence[Command], behind: int) -> list[Command]:
        """Log the charges among commands, and confirm them; return the commands that are left to do.

        Args:
            commands: of one round.
            behind: charges that are logged and that the database lacks.
        """
        charges = [command for command in commands if isinstance(command, LogCharges)]
        new = [charge for charge in charges if self._is_new(charge)]
        if not 0 < len(charges) <= _SHARED or behind >= _MOST_BEHIND or not self._log.usable:
            return unlogged(commands)
        records = {charge: encode(charge.entries, charge.closes) for charge in new}
        try:
            full = self._log.append(b"".join([record for record in records.values() if record]))
        except OSError as error:
            self._report(error)
            return unlogged(commands)
        left: list[Command] = []
        for command in commands:
            if not isinstance(command, LogCharges):
                left.append(command)
            elif records.get(command) is None:
                left.append(command.unlogged())
            else:
                left.append(EnterLogged(command.entries, command.closes))
                if not command.done.done():  # else its waiter was cancelled
                    command.done.set_result(None)
        return left if full is None else [*left, DropSegment(full)]

    def close(self, *, delete: bool) -> None:
        """Release the log; `delete`: the database has all of it."""
        self._log.close(delete=delete)

    def _is_new(self, charge: LogCharges) -> bool:
        """Whether a call is none of those that were charged last; remember it."""
        call_id = charge.entries[0].call_id if charge.entries else None
        if call_id is None:
            return False
        if call_id in self._recent or call_id in self._older:
            return False
        self._recent.add(call_id)
        if len(self._recent) > _RECENT:
            self._recent, self._older = set(), self._recent
        return True

    def _report(self, error: OSError) -> None:
        now = monotonic()
        if now - self._reported_at >= _REPORT_AGAIN_S:
            self._reported_at = now
            _report(error)


def unlogged(commands: Sequence[Command]) -> list[Command]:
    """Return the commands with the charges among them to be committed at once."""
    return [one.unlogged() if isinstance(one, LogCharges) else one for one in commands]


def _locked(folder: Path) -> int | None:
    """Lock the log; a command that enters what a crash left holds the lock for moments."""
    for _ in range(_LOCK_TRIES):
        folder.mkdir(mode=0o700, exist_ok=True)
        if (lock := segments.locked(folder)) is not None:
            return lock
        sleep(_LOCK_EVERY_S)
    return None


def _report(error: OSError) -> None:
    reason = "disk_full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "io_error"
    report(Incident.CHARGE_LOG_FAILED, reason=reason, level=logging.ERROR)
