"""Writer thread of the ledger: commits all waiting commands together, one batch after another.

A transient fault fails every command of its batch. A command that can never be committed is found by
halving the batch, and its write goes to the quarantine. No error of one command ends the thread.
Charges that are in the charge log already are kept until they are entered, before all later commands.
"""

import logging
import sqlite3
import threading
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TypeAlias

from fondaco.domain.errors import AlreadyEnteredError, StorageFailedError, WriteQuarantinedError
from fondaco.domain.money.ledger import Entry, Unwritable
from fondaco.ports.incidents import Incident, report
from fondaco.stores.sqlite.ledger import faults, quarantine
from fondaco.stores.sqlite.ledger.backlog import Backlog
from fondaco.stores.sqlite.ledger.batch import Batch, apply, changing
from fondaco.stores.sqlite.ledger.charge_logger import ChargeLogger, unlogged
from fondaco.stores.sqlite.ledger.commands import (
    AWAITED,
    Batchable,
    Command,
    DropSegment,
    EnterLogged,
    LogCharges,
    RecordProgress,
    RunQuery,
    StopWriter,
    WriteEntries,
    batch_of,
    split,
)
from fondaco.stores.sqlite.ledger.handover import Handover
from fondaco.stores.sqlite.ledger.job_endings import JobNotHeldError
from fondaco.stores.sqlite.tables.connection import BUSY_TIMEOUT_S
from fondaco.stores.sqlite.tables.id_cache import IdCache
from fondaco.stores.sqlite.tables.rows import ENTRIES, entry_of

Outcome: TypeAlias = "tuple[Future[None], StorageFailedError | None]"
Listener: TypeAlias = Callable[[Sequence[Entry]], None]

_EMPTIED_WITHIN_S = 10.0
"""After so long the -wal file is emptied although the writer has other work."""
_RETRY_S = 0.5
"""Longest time after which kept charges are tried again."""
_REPORT_AGAIN_S = 10.0
"""Interval between reports of a lasting fault, in seconds."""


class Writer:
    """The owner of the connection that appends entries.

    It assigns the ids of entries, so a collision shows that another process has written as well; it also
    checks for such changes every `watch_s` seconds.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        loop: AbstractEventLoop,
        *,
        notify: Listener,
        refuse: Listener,
        watch_s: float,
        logger: ChargeLogger | None,
    ) -> None:
        self._connection = connection
        self._loop = loop
        self._notify = notify
        self._refuse_late = refuse
        self._watch_s = watch_s
        self._logger = logger
        self._id_cache = IdCache(connection)
        self._handover = Handover()
        self._waiting: list[Command] = []
        """Commands of this round of the event loop."""
        self._backlog = Backlog()
        self._stopped = False
        self._dead = False
        """Whether the thread has ended without a `StopWriter`; used on the event loop alone."""
        self._current: Sequence[Command] = ()
        """The commands that the thread is executing."""
        self._reported: tuple[str, float] = ("", 0.0)
        """The fault reported last, and when (monotonic seconds)."""
        (self._last_entry,) = connection.execute("SELECT ifnull(max(id), 0) FROM entry").fetchone()
        self._checkpointed = self._last_entry
        """The last entry at the last WAL checkpoint."""
        self._emptied = monotonic()
        """Time of the last attempt to empty the -wal file."""
        self.empties_log = False
        """Whether the -wal file is to be emptied when idle next, as content was deleted that it still has."""
        self._version = self._data_version()
        self._watched = monotonic()
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    # Called on the event loop.

    def put(self, command: Command) -> None:
        """Queue a command for the next batch.

        The thread receives commands at the end of the event loop's round, not one by one, so that it
        neither wakes up nor commits more often than necessary.
        """
        self._waiting.append(command)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._dispatch)

    def stop(self) -> None:
        """Execute all queued commands, then end the thread; blocks until then."""
        self._handover.put([*unlogged(self._waiting), StopWriter()], awaited=True)
        self._waiting = []
        self._thread.join()
        if self._logger is not None:
            self._logger.close(delete=not self._backlog.behind)

    def _dispatch(self) -> None:
        commands, self._waiting = self._waiting, []
        if self._dead:
            _finish(_failed(commands))
        elif commands:
            commands = self._log(commands)
            awaited = any(isinstance(command, AWAITED) for command in commands)
            self._handover.put(commands, awaited=awaited)

    def _log(self, commands: Sequence[Command]) -> list[Command]:
        """Log the charges among the commands, unless the database cannot follow."""
        if self._logger is None or not self._backlog.follows:
            return unlogged(commands)
        left = self._logger.write(commands, self._backlog.behind)
        self._backlog.count_logged(left)
        return left

    def _fail_all(self) -> None:
        """Fail the commands that the thread has left undone, and all later ones."""
        self._dead = True
        report(Incident.LEDGER_THREAD_FAILED, reason="ended", level=logging.CRITICAL)
        _finish(_failed([*self._current, *self._handover.rest()]))

    # Called on the thread.

    def _run(self) -> None:
        try:
            while not self._stopped:
                try:
                    self._round()
                except Exception as error:  # noqa: BLE001 - the last resort: the thread has to go on
                    self._abort_round(error)
        finally:
            if not self._stopped:
                self._on_loop(self._fail_all)
            self._connection.close()

    def _round(self) -> None:
        """Execute the next batch, and check for changes by other processes from time to time."""
        is_behind = bool(self._backlog.kept)
        commands = self._handover.take(min(self._watch_s, _RETRY_S) if is_behind else self._watch_s)
        if not commands and not is_behind:
            self._checkpoint()
        else:
            self._current = [*self._backlog.kept, *commands]  # should the next line fail
            self._current = [*self._backlog.take(self._connection), *commands]
            self._execute(self._current)
            self._backlog.follows = not self._backlog.kept
            self._current = ()
            if self.empties_log and monotonic() - self._emptied >= _EMPTIED_WITHIN_S:
                self._empty_log()
        if monotonic() - self._watched >= self._watch_s:
            self._watched = monotonic()
            self._watch()

    def _abort_round(self, error: Exception) -> None:
        """Fail the remaining commands of a round.

        Their outcome may be unknown, so they fail as transient: a retry enters nothing twice.
        """
        self._report(Incident.LEDGER_THREAD_FAILED, reason=type(error).__name__)
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        self._stopped = self._stopped or any(
            isinstance(command, StopWriter) for command in self._current
        )
        commands, self._current = self._current, ()
        if commands:
            self._backlog.keep_unsure(commands, error)
        self._resolve(_failed(commands))

    def _checkpoint(self) -> None:
        """Checkpoint the -wal file into the database, where a power cut cannot lose it."""
        if self.empties_log:
            self._empty_log()
        if self._checkpointed != self._last_entry:
            with suppress(sqlite3.Error):  # tried again when idle next
                self._connection.execute("PRAGMA wal_checkpoint")
                self._checkpointed = self._last_entry

    def _empty_log(self) -> None:
        """Checkpoint and truncate the -wal file, unless somebody reads; then it is tried again."""
        self._emptied = monotonic()
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA busy_timeout = 0")
            busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self.empties_log = bool(busy)
        with suppress(sqlite3.Error):
            self._connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")

    def _execute(self, commands: Sequence[Command]) -> None:
        together: list[Batchable] = []
        outcomes: list[Outcome] = []
        for command in commands:
            match command:
                case RunQuery():
                    self._resolve([*outcomes, *self._commit(together)])
                    together, outcomes = [], [self._run_query(command)]
                case DropSegment():
                    outcomes += self._commit(together)
                    together = []
                    self._drop(command)
                case StopWriter():
                    self._stopped = True
                case LogCharges():
                    together.append(command.unlogged())
                case _:
                    together.append(command)
        self._resolve([*outcomes, *self._commit(together)])

    def _resolve(self, outcomes: Sequence[Outcome]) -> None:
        if outcomes:
            self._on_loop(_finish, outcomes)

    def _commit(self, commands: Sequence[Batchable]) -> list[Outcome]:
        if self._backlog.kept:
            return self._put_off(commands, self._backlog.fault)
        try:
            self._apply(batch_of(commands))
        except Exception as error:  # noqa: BLE001 - a value may be anything, and so its error
            return self._refuse(commands, error)
        self._backlog.count_entered(commands)
        return [(command.done, None) for command in commands if isinstance(command, WriteEntries)]

    def _put_off(self, commands: Sequence[Batchable], error: Exception | None) -> list[Outcome]:
        """Keep the logged charges among commands that failed for a transient reason."""
        self._backlog.keep(commands, error)
        return _failed(commands, error)

    def _drop(self, command: DropSegment) -> None:
        """Delete a segment once all of it is entered."""
        if self._backlog.kept:
            self._backlog.keep((command,), self._backlog.fault)
        else:
            with suppress(OSError):  # then the next start finds that all of it is entered
                command.segment.unlink()

    def _refuse(self, commands: Sequence[Batchable], error: Exception) -> list[Outcome]:
        """Find the commands that fail the batch by halving it, and commit the others."""
        if (reason := faults.transient_reason(error)) is not None:
            self._report(Incident.LEDGER_WRITE_FAILED, reason=reason)
            return self._put_off(commands, error)
        single = [part for command in commands for part in split(command)]
        if len(single) > 1:
            half = len(single) // 2
            return [*self._commit(single[:half]), *self._commit(single[half:])]
        return [outcome for command in single for outcome in self._quarantine(command, error)]

    def _quarantine(self, command: Batchable, error: Exception) -> list[Outcome]:
        """Move a write that can never succeed to the quarantine; drop a command without money."""
        entered = faults.is_duplicate_entry(error) or isinstance(error, JobNotHeldError)
        if entered and isinstance(command, WriteEntries):
            return [(command.done, _caused(AlreadyEnteredError(), error))]
        if entered and isinstance(command, EnterLogged):
            self._tell_late(command, "already_entered")
            return []
        why = faults.unwritable(error)
        if isinstance(command, WriteEntries | EnterLogged):
            try:
                with changing(self._connection):
                    quarantine.put_write(self._connection, command.entries, command.closes, why)
            except sqlite3.Error as fault:  # then the caller keeps it and tries again
                reason = faults.transient_reason(fault) or "unknown"
                self._report(Incident.LEDGER_WRITE_FAILED, reason=reason)
                return self._put_off((command,), fault)
        self._report_unwritable(command, why)
        if isinstance(command, EnterLogged):
            self._tell_late(command, why)
        if isinstance(command, WriteEntries):
            return [(command.done, _caused(WriteQuarantinedError(), error))]
        return []

    def _tell_late(self, command: EnterLogged, reason: str) -> None:
        """Tell the ledger of charges that were confirmed and are refused for good."""
        self._backlog.count_entered((command,))
        first = command.entries[0]
        tell = partial(report, Incident.CHARGE_REFUSED_LATE, reason=reason, level=logging.ERROR)
        self._on_loop(partial(tell, call_id=str(first.call_id), account_id=first.account_id))
        self._on_loop(self._refuse_late, command.entries)

    def _report_unwritable(self, command: Batchable, why: Unwritable) -> None:
        call_id, account_id = "", None
        if isinstance(command, WriteEntries | EnterLogged):
            call_id = str(command.closes or "")
            for entry in command.entries:
                call_id, account_id = str(entry.call_id or call_id), entry.account_id
        if isinstance(command, RecordProgress):
            call_id, account_id = str(command.calls[0].call_id), command.calls[0].account_id
        report_quarantined = partial(
            report, Incident.LEDGER_WRITE_QUARANTINED, reason=why, level=logging.ERROR
        )
        self._on_loop(partial(report_quarantined, call_id=call_id[:32], account_id=account_id))

    def _report(self, incident: Incident, *, reason: str) -> None:
        """Report a fault; a lasting one again after an interval."""
        before, at = self._reported
        now = monotonic()
        if reason != before or now - at >= _REPORT_AGAIN_S:
            self._reported = reason, now
            self._on_loop(partial(report, incident, reason=reason, level=logging.ERROR))

    def _apply(self, batch: Batch) -> None:
        if not batch:
            return
        while True:
            try:
                apply(self._connection, self._last_entry + 1, batch, self._id_cache)
            except sqlite3.IntegrityError:
                if not self._catch_up():
                    raise
            else:
                self._last_entry += len(batch.entries)
                self.empties_log = self.empties_log or bool(batch.ends)
                self._reported = "", 0.0
                return

    def _run_query(self, command: RunQuery) -> Outcome:
        if self._backlog.kept:  # its answer would lack them
            return command.done, _caused(StorageFailedError(), self._backlog.fault)
        try:
            self._connection.execute(command.begin)
            try:
                self._check_changes()  # in the same snapshot, so that listeners hear first of what the result contains
                command.query(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it
                    self._connection.execute("ROLLBACK")
                raise
        except Exception as error:  # noqa: BLE001 - a query may have any value
            if (reason := faults.transient_reason(error)) is not None:
                self._report(Incident.LEDGER_WRITE_FAILED, reason=reason)
            return command.done, _caused(StorageFailedError(), error)
        return command.done, None

    def _watch(self) -> None:
        with suppress(sqlite3.Error):  # the next check finds what this one could not
            self._check_changes()

    def _check_changes(self) -> None:
        """Notify of commits by other connections since the last check."""
        version = self._data_version()
        if version != self._version:
            self._version = version
            if not self._catch_up():
                self._on_loop(self._notify, ())

    def _catch_up(self) -> bool:
        """Notify of entries that another connection wrote; return whether there were any."""
        cursor = self._connection.execute(
            ENTRIES + "WHERE entry.id > ? ORDER BY 1", (self._last_entry,)
        )
        rows = cursor.fetchall()
        if rows:
            self._last_entry = rows[-1][0]
            self._on_loop(self._notify, [entry_of(row) for row in rows])
        return bool(rows)

    def _data_version(self) -> int:
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _on_loop(self, call: Callable[..., None], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            self._stopped = True  # the event loop is gone, and every waiter with it


def _finish(outcomes: Sequence[Outcome]) -> None:
    for done, error in outcomes:
        if done.done():
            continue  # its waiter was cancelled
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _failed(commands: Sequence[Command], error: Exception | None = None) -> list[Outcome]:
    """Return the outcome of commands that failed for a transient reason."""
    return [
        (command.done, _caused(StorageFailedError(), error))
        for command in commands
        if isinstance(command, WriteEntries | LogCharges | RunQuery)
    ]


def _caused(refusal: StorageFailedError, error: Exception | None) -> StorageFailedError:
    refusal.__cause__ = error
    return refusal
