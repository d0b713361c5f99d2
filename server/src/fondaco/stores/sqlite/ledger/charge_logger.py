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

from fondaco.domain.money.ledger import Entry
from fondaco.ports.incidents import Incident, report
from fondaco.stores.charge_log import segments
from fondaco.stores.charge_log.log import ChargeLog
from fondaco.stores.charge_log.record import encode
from fondaco.stores.sqlite.ledger.commands import Command, DropSegment, EnterLogged, LogCharges
from fondaco.stores.sqlite.ledger.replay import replay

_RECENT: Final = 10_000
"""Call ids that are remembered at least: the same id again is not logged, so that the database refuses it."""
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

    def record(self, entries: Sequence[Entry], closes: str | None) -> bytes | None:
        """Return the record of a call's charges; None where they have to be committed at once."""
        record = encode(entries, closes)
        if not entries or not self._is_new(str(entries[0].call_id)):
            return None
        return record

    def write(self, commands: Sequence[Command], behind: int) -> list[Command]:
        """Log the charges among commands, and confirm them; return the commands that are left to do.

        Args:
            commands: of one round.
            behind: charges that are logged and that the database lacks.
        """
        charges = [command for command in commands if isinstance(command, LogCharges)]
        if not charges:
            return list(commands)
        full = None
        logged = behind < _MOST_BEHIND and self._log.usable
        if logged:
            try:
                full = self._log.append(b"".join([charge.record for charge in charges]))
            except OSError as error:
                logged = False
                self._report(error)
        if not logged:
            return unlogged(commands)
        for charge in charges:
            if not charge.done.done():  # else its waiter was cancelled
                charge.done.set_result(None)
        left: list[Command] = [
            EnterLogged(one.entries, one.closes) if isinstance(one, LogCharges) else one
            for one in commands
        ]
        return left if full is None else [*left, DropSegment(full)]

    def close(self, *, delete: bool) -> None:
        """Release the log; `delete`: the database has all of it."""
        self._log.close(delete=delete)

    def _is_new(self, call_id: str) -> bool:
        """Whether a call is none of those that were asked for last; remember it."""
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
