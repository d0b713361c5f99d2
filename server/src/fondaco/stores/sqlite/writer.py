"""The writer: one thread that commits whatever has gathered, as soon as its last commit is known."""

import sqlite3
import threading
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Literal, TypeAlias

from fondaco.domain.errors import AlreadyEnteredError, StorageFailedError
from fondaco.domain.ledger import Entry, OpenCall
from fondaco.domain.light import light
from fondaco.stores.sqlite.batch import Batch, apply
from fondaco.stores.sqlite.numbers import Numbers
from fondaco.stores.sqlite.rows import ENTRIES, entry_of

Begin: TypeAlias = Literal["BEGIN", "BEGIN IMMEDIATE"]
"""How a question's transaction begins."""


@light
@dataclass(frozen=True, slots=True)
class Write:
    """Entries to append and an open call to forget, in one transaction."""

    entries: Sequence[Entry]
    closes: str | None
    done: "Future[None]"


@dataclass(frozen=True, slots=True)
class Note:
    """Open calls and their progress; nobody waits."""

    calls: Sequence[OpenCall]


@dataclass(frozen=True, slots=True)
class Touch:
    """When keys were last used, in Unix seconds; nobody waits."""

    used: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Count:
    """How many more chats characters answered, by slug; nobody waits."""

    uses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Read:
    """A question to be asked after what was ordered before it, and before what is ordered after."""

    ask: Callable[[sqlite3.Connection], None]
    done: "Future[None]"
    begin: Begin = "BEGIN"
    """IMMEDIATE where the question may also change rows, other than entries."""


class Stop:
    """The end: what was ordered before is still done."""


Noting: TypeAlias = Write | Note | Touch | Count
"""What is carried out together with others of its kind."""
Order: TypeAlias = Noting | Read | Stop
Outcome: TypeAlias = "tuple[Future[None], StorageFailedError | None]"
Listener: TypeAlias = Callable[[Sequence[Entry]], None]

_MOST = 1000
"""Orders in one batch."""


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
        self._numbers = Numbers(connection)
        self._orders: SimpleQueue[Sequence[Order]] = SimpleQueue()
        self._gathered: list[Order] = []
        self._busy = False
        self._stopped = False
        (self._seen,) = connection.execute("SELECT ifnull(max(id), 0) FROM entry").fetchone()
        self._moved = self._seen
        """The last entry when the writer was idle."""
        self._version = self._data_version()
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
        orders = self._gathered[:_MOST]
        del self._gathered[:_MOST]
        self._busy = bool(orders)
        if orders:
            self._orders.put(orders)

    def _carried_out(self, outcomes: Sequence[Outcome]) -> None:
        _finish(outcomes)
        self._hand_over()

    # What the thread does.

    def _run(self) -> None:
        watched = monotonic()
        try:
            while not self._stopped:
                try:
                    orders = self._orders.get(timeout=self._watch_s)
                except Empty:
                    self._settle_down()
                else:
                    self._carry_out(orders)
                if monotonic() - watched >= self._watch_s:
                    self._watch()
                    watched = monotonic()
        finally:
            self._connection.close()

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
        writes = [order for order in orders if isinstance(order, Write)]
        try:
            self._apply(_batch(orders))
        except (sqlite3.IntegrityError, ValueError, TypeError) as error:
            single = [part for order in orders for part in _parts(order)]
            if len(single) > 1:
                # One of them is at fault: alone each shows whether it is the one.
                return [outcome for part in single for outcome in self._commit((part,))]
            return [(write.done, _refusal(error)) for write in writes]
        except sqlite3.Error as error:
            return [(write.done, _refusal(error)) for write in writes]
        return [(write.done, None) for write in writes]

    def _apply(self, batch: Batch) -> None:
        if not batch:
            return
        while True:
            try:
                apply(self._connection, self._seen + 1, batch, self._numbers)
            except sqlite3.IntegrityError:
                if not self._catch_up():
                    raise
            else:
                self._seen += len(batch.entries)
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
        except sqlite3.Error as error:
            return read.done, _refusal(error)
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


def _parts(order: Noting) -> Sequence[Noting]:
    """Return what of an order may fail without the rest."""
    return [Note((call,)) for call in order.calls] if isinstance(order, Note) else [order]


def _batch(orders: Sequence[Noting]) -> Batch:
    batch = Batch()
    for order in orders:
        match order:
            case Write():
                batch.entries += order.entries
                if order.closes is not None:
                    batch.closed.append(order.closes)
            case Note():
                batch.notes.update((call.call_id, call) for call in order.calls)
            case Touch():
                batch.used.update(order.used)
            case Count():
                batch.counts.update(order.uses)
    return batch


def _finish(outcomes: Sequence[Outcome]) -> None:
    for done, error in outcomes:
        if done.done():
            continue  # whoever waited went away
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _refusal(error: Exception) -> StorageFailedError:
    twice = "UNIQUE constraint failed: entry.call_id" in str(error)
    refusal = AlreadyEnteredError() if twice else StorageFailedError()
    refusal.__cause__ = error
    return refusal
