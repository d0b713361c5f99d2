"""The writer: one thread that commits whatever has gathered, as soon as its last commit is known.

A fault that may pass refuses what was to be committed with it. What can never be committed is told from
the rest by halving, and goes to the quarantine. No error of one order ends the thread.
"""

import logging
import sqlite3
import threading
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TypeAlias

from fondaco.domain.errors import AlreadyEnteredError, StorageFailedError, WriteQuarantinedError
from fondaco.domain.money.ledger import Entry, Unwritable
from fondaco.ports.incidents import Incident, report
from fondaco.stores.sqlite.ledger import faults, quarantine
from fondaco.stores.sqlite.ledger.batch import Batch, apply, changing
from fondaco.stores.sqlite.ledger.commands import (
    Note,
    Noting,
    Order,
    Read,
    Stop,
    Write,
    batch_of,
    parts,
)
from fondaco.stores.sqlite.tables.id_cache import IdCache
from fondaco.stores.sqlite.tables.rows import ENTRIES, entry_of

Outcome: TypeAlias = "tuple[Future[None], StorageFailedError | None]"
Listener: TypeAlias = Callable[[Sequence[Entry]], None]

_MOST = 1000
"""Orders in one batch."""
_REPORT_AGAIN_S = 10.0
"""How often a fault that lasts is reported."""


class Writer:
    """The owner of the connection that appends entries.

    It gives entries their ids itself, so a collision tells that something else has written as well;
    besides, it looks for such changes every `watch_s` seconds.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        loop: AbstractEventLoop,
        tell: Listener,
        watch_s: float,
    ) -> None:
        self._connection = connection
        self._loop = loop
        self._tell = tell
        self._watch_s = watch_s
        self._id_cache = IdCache(connection)
        self._orders: SimpleQueue[Sequence[Order]] = SimpleQueue()
        self._gathered: list[Order] = []
        self._busy = False
        self._stopped = False
        self._dead = False
        """Whether the thread has ended without being told to: of the loop's side."""
        self._current: Sequence[Order] = ()
        """What the thread carries out."""
        self._reported: tuple[str, float] = ("", 0.0)
        """The last fault that was reported, and when (monotonic seconds)."""
        (self._seen,) = connection.execute("SELECT ifnull(max(id), 0) FROM entry").fetchone()
        self._moved = self._seen
        """The last entry when the writer was idle."""
        self._version = self._data_version()
        self._watched = monotonic()
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    # What the event loop calls.

    def put(self, order: Order) -> None:
        """Have an order carried out with all others that gather before the writer is free.

        It is told of them at the end of the loop's round, not one by one, so that it neither wakes up
        nor commits more often than it has to.
        """
        self._gathered.append(order)
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._hand_over)

    def stop(self) -> None:
        """Carry out what was ordered before, and end; this blocks until then."""
        self._orders.put([*self._gathered, Stop()])
        self._gathered.clear()
        self._thread.join()

    def _hand_over(self) -> None:
        if self._dead:
            self._busy = False
            _finish(_failed(self._gathered))
            self._gathered.clear()
            return
        orders = self._gathered[:_MOST]
        del self._gathered[:_MOST]
        self._busy = bool(orders)
        if orders:
            self._orders.put(orders)

    def _bury(self) -> None:
        """Refuse whatever the thread has left undone, now and from now on."""
        self._dead = True
        report(Incident.LEDGER_THREAD_FAILED, reason="ended", level=logging.CRITICAL)
        left = list(self._current)
        with suppress(Empty):
            while True:
                left += self._orders.get_nowait()
        _finish(_failed(left))
        self._busy = False

    def _carried_out(self, outcomes: Sequence[Outcome]) -> None:
        _finish(outcomes)
        self._hand_over()

    # What the thread does.

    def _run(self) -> None:
        try:
            while not self._stopped:
                try:
                    self._round()
                except Exception as error:  # noqa: BLE001 - the last resort: the thread has to go on
                    self._give_up_round(error)
        finally:
            if not self._stopped:
                self._on_loop(self._bury)
            self._connection.close()

    def _round(self) -> None:
        """Carry out what has gathered, and look from time to time at what others have done."""
        try:
            self._current = self._orders.get(timeout=self._watch_s)
        except Empty:
            self._settle_down()
        else:
            self._carry_out(self._current)
            self._current = ()
        if monotonic() - self._watched >= self._watch_s:
            self._watched = monotonic()
            self._watch()

    def _give_up_round(self, error: Exception) -> None:
        """Fail the orders of a round that are not carried out yet.

        Their outcome may be unknown, so they fail as what may be tried again: nothing is entered twice.
        """
        self._report(Incident.LEDGER_THREAD_FAILED, reason=type(error).__name__)
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        self._stopped = self._stopped or any(isinstance(order, Stop) for order in self._current)
        orders, self._current = self._current, ()
        if orders:
            self._on_loop(self._carried_out, _failed(orders))

    def _settle_down(self) -> None:
        """Move to the database what lies in its -wal file: a power cut cannot take it from there."""
        if self._moved != self._seen:
            with suppress(sqlite3.Error):  # the next idle moment comes
                self._connection.execute("PRAGMA wal_checkpoint")
                self._moved = self._seen

    def _carry_out(self, orders: Sequence[Order]) -> None:
        together: list[Noting] = []
        outcomes: list[Outcome] = []
        for order in orders:
            match order:
                case Read():
                    self._on_loop(_finish, [*outcomes, *self._commit(together)])
                    together, outcomes = [], [self._answer(order)]
                case Stop():
                    self._stopped = True
                case _:
                    together.append(order)
        self._on_loop(self._carried_out, [*outcomes, *self._commit(together)])

    def _commit(self, orders: Sequence[Noting]) -> list[Outcome]:
        try:
            self._apply(batch_of(orders))
        except Exception as error:  # noqa: BLE001 - a value may be anything, and so its error
            return self._refuse(orders, error)
        return [(order.done, None) for order in orders if isinstance(order, Write)]

    def _refuse(self, orders: Sequence[Noting], error: Exception) -> list[Outcome]:
        """Find out which of the orders failed all of them, and carry out the others."""
        if (reason := faults.passing(error)) is not None:
            self._report(Incident.LEDGER_WRITE_FAILED, reason=reason)
            return _failed(orders, error)
        single = [part for order in orders for part in parts(order)]
        if len(single) > 1:
            half = len(single) // 2
            return [*self._commit(single[:half]), *self._commit(single[half:])]
        return [outcome for order in single for outcome in self._put_aside(order, error)]

    def _put_aside(self, order: Noting, error: Exception) -> list[Outcome]:
        """Put a write that can never succeed into the quarantine; drop what carries no money."""
        if faults.entered_before(error) and isinstance(order, Write):
            return [(order.done, _caused(AlreadyEnteredError(), error))]
        why = faults.unwritable(error)
        if isinstance(order, Write):
            try:
                with changing(self._connection):
                    quarantine.put_write(self._connection, order.entries, order.closes, why)
            except sqlite3.Error as fault:  # then it is kept, and comes here again
                reason = faults.passing(fault) or "unknown"
                self._report(Incident.LEDGER_WRITE_FAILED, reason=reason)
                return _failed((order,), fault)
        self._report_unwritable(order, why)
        if isinstance(order, Write):
            return [(order.done, _caused(WriteQuarantinedError(), error))]
        return []

    def _report_unwritable(self, order: Noting, why: Unwritable) -> None:
        call_id, account_id = "", None
        if isinstance(order, Write):
            call_id = str(order.closes or "")
            for entry in order.entries:
                call_id, account_id = str(entry.call_id or call_id), entry.account_id
        if isinstance(order, Note):
            call_id, account_id = str(order.calls[0].call_id), order.calls[0].account_id
        told = partial(report, Incident.LEDGER_WRITE_QUARANTINED, reason=why, level=logging.ERROR)
        self._on_loop(partial(told, call_id=call_id[:32], account_id=account_id))

    def _report(self, incident: Incident, *, reason: str) -> None:
        """Report a fault; one that lasts is reported again from time to time."""
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
                apply(self._connection, self._seen + 1, batch, self._id_cache)
            except sqlite3.IntegrityError:
                if not self._catch_up():
                    raise
            else:
                self._seen += len(batch.entries)
                self._reported = "", 0.0
                return

    def _answer(self, read: Read) -> Outcome:
        try:
            self._connection.execute(read.begin)
            try:
                self._look()  # in the same snapshot, so that no answer runs ahead of the news
                read.ask(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - a question may be asked with any value
            if (reason := faults.passing(error)) is not None:
                self._report(Incident.LEDGER_WRITE_FAILED, reason=reason)
            return read.done, _caused(StorageFailedError(), error)
        return read.done, None

    def _watch(self) -> None:
        with suppress(sqlite3.Error):  # the next look will find what this one could not
            self._look()

    def _look(self) -> None:
        """Tell of whatever something else committed since the last look."""
        version = self._data_version()
        if version != self._version:
            self._version = version
            if not self._catch_up():
                self._on_loop(self._tell, ())

    def _catch_up(self) -> bool:
        """Tell of entries that something else wrote, and return whether there were any."""
        found = self._connection.execute(ENTRIES + "WHERE entry.id > ? ORDER BY 1", (self._seen,))
        rows = found.fetchall()
        if rows:
            self._seen = rows[-1][0]
            self._on_loop(self._tell, [entry_of(row) for row in rows])
        return bool(rows)

    def _data_version(self) -> int:
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _on_loop(self, call: Callable[..., None], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            self._stopped = True  # the event loop is gone, and whoever waited with it


def _finish(outcomes: Sequence[Outcome]) -> None:
    for done, error in outcomes:
        if done.done():
            continue  # whoever waited went away
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _failed(orders: Sequence[Order], error: Exception | None = None) -> list[Outcome]:
    """Return that none of the orders was carried out, for a reason that may pass."""
    return [
        (order.done, _caused(StorageFailedError(), error))
        for order in orders
        if isinstance(order, Write | Read)
    ]


def _caused(refusal: StorageFailedError, error: Exception | None) -> StorageFailedError:
    refusal.__cause__ = error
    return refusal
