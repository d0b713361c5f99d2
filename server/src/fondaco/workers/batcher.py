"""Batching across accounts: fair queueing by tokens, with a limit of tokens for each batch."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeAlias, TypeVar

import anyio
import anyio.abc

from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineUnavailableError,
    FondacoError,
)
from fondaco.ports.incidents import Incident, report_error

Item = TypeVar("Item")
Result = TypeVar("Result")
Work: TypeAlias = Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]
"""Processes a batch: returns one result per item, in the order of the items."""

_RETRY_AFTER_S = 2


class Batcher(Generic[Item, Result]):
    """Runs one batch at a time, made of the items submitted so far.

    No timer delays a batch: while one runs, the next one gathers. Of scopes (accounts), the one is next
    that was given the fewest tokens, and of its jobs each in turn, so a short job waits for at most one
    batch and its turn, however long the items of others are. Where too many jobs wait, one of the scope with the most is sent away, so that no scope fills the
    queue. `run` must run while jobs are submitted.
    """

    def __init__(
        self, work: Work[Item, Result], *, batch_tokens: int, queue: int, name: str
    ) -> None:
        """Prepare the batcher.

        Args:
            work: processes one batch.
            batch_tokens: token limit of a batch; a single item may exceed it.
            queue: the most jobs that may have items waiting.
            name: of the engine, for errors.
        """
        self._work = work
        self._batch_tokens = batch_tokens
        self._queue = queue
        self._name = name
        self._scopes: dict[str, deque[_Job[Item, Result]]] = {}
        """Jobs with items that wait, by scope."""
        self._turns: list[tuple[int, int, str]] = []
        """A heap of turns: tokens given, serial number, scope."""
        self._served_tokens = 0
        """The tokens given at the latest turn. A scope begins there: being idle earns nothing."""
        self._turn_of: dict[str, int] = {}
        """Scope -> the serial number of its turn; other turns are those of jobs that left."""
        self._serials = count()
        self._under_way: set[_Job[Item, Result]] = set()
        self._has_work = anyio.Event()
        self._running = False

    @property
    def running(self) -> int:
        """Number of jobs in the batch under way."""
        return len(self._under_way)

    @property
    def waiting(self) -> int:
        """Number of jobs with items that wait."""
        return sum(map(len, self._scopes.values()))

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Run batches until cancelled; jobs that are not done then fail."""
        self._running = True
        task_status.started()
        try:
            while True:
                await self._has_work.wait()
                if batch := self._batch():
                    await self._settle(batch)
                else:
                    self._has_work = anyio.Event()
        finally:
            self._running = False
            for job in (*self._under_way, *(job for jobs in self._scopes.values() for job in jobs)):
                job.fail(self._closed())
            self._scopes.clear()
            self._turn_of.clear()

    async def submit(self, scope: str, items: Sequence[tuple[Item, int]]) -> tuple[Result, ...]:
        """Return the results of some items, in their order; cancelling gives up those that wait.

        Args:
            scope: jobs of different scopes take turns.
            items: each with its tokens.

        Raises:
            EngineBusyError: too many jobs wait, and no scope has more of them than this one.
            EngineError: the work on one of the items failed.
        """
        if not self._running:
            raise self._closed()
        self._make_room_for(scope)
        job = _Job[Item, Result](items)
        if scope not in self._scopes:
            self._scopes[scope] = deque()
            self._line_up(scope, self._served_tokens)
        self._scopes[scope].append(job)
        self._has_work.set()
        try:
            await job.done.wait()
        finally:
            self._forget(scope, job)
        return job.outcome()

    def _make_room_for(self, scope: str) -> None:
        """Keep the queue within its length, at the cost of the scope with the most jobs.

        Raises:
            EngineBusyError: that is the scope of the new job itself.
        """
        if sum(map(len, self._scopes.values())) < self._queue:
            return
        longest = max(self._scopes, key=lambda one: len(self._scopes[one]))
        if len(self._scopes[longest]) <= len(self._scopes.get(scope, ())) + 1:
            raise self._busy()
        last = self._scopes[longest][-1]
        last.fail(self._busy())
        self._forget(longest, last)

    def _line_up(self, scope: str, served_tokens: int) -> None:
        """Give a scope its next turn, after all scopes that were given fewer tokens."""
        serial = self._turn_of[scope] = next(self._serials)
        heappush(self._turns, (served_tokens, serial, scope))

    def _batch(self) -> "list[_Piece[Item, Result]]":
        """Take the next items: one a turn, as long as there are tokens left."""
        batch: list[_Piece[Item, Result]] = []
        tokens = 0
        while self._turns:
            served_tokens, serial, scope = self._turns[0]
            if self._turn_of.get(scope) != serial:
                heappop(self._turns)
                continue
            jobs = self._scopes[scope]
            job, size = jobs[0], jobs[0].next_tokens
            if batch and tokens + size > self._batch_tokens:
                break
            heappop(self._turns)
            tokens += size
            self._served_tokens = served_tokens
            if job.waiting:
                batch.append((job, job.waiting.pop()))
            jobs.rotate(-1)
            if not job.waiting:
                jobs.pop()
            if jobs:
                self._line_up(scope, served_tokens + max(1, size))
            else:
                self._drop(scope)
        return batch

    def _drop(self, scope: str) -> None:
        """Forget a scope without jobs that wait."""
        del self._scopes[scope], self._turn_of[scope]

    async def _settle(self, batch: "list[_Piece[Item, Result]]") -> None:
        """Run a batch; where it fails, each job's items run once more without those of others."""
        jobs = dict.fromkeys(job for job, _ in batch)
        self._under_way = set(jobs)
        error = await self._attempt(batch)
        if error is not None:
            for job in jobs:
                job_pieces = [piece for piece in batch if piece[0] is job]
                failed = error if len(jobs) == 1 else await self._attempt(job_pieces)
                if failed is not None:
                    job.fail(failed)
        self._under_way = set()

    async def _attempt(self, batch: "list[_Piece[Item, Result]]") -> FondacoError | None:
        """Run a batch and hand out its results; return why it failed, or None."""
        try:
            results = await self._work([job.items[index][0] for job, index in batch])
            for (job, index), result in zip(batch, results, strict=True):
                job.keep(index, result)
        except FondacoError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a defect of ours ends these calls alone
            report_error(Incident.TASK_FAILED, error)
            return EngineError()
        return None

    def _forget(self, scope: str, job: "_Job[Item, Result]") -> None:
        jobs = self._scopes.get(scope)
        if jobs and job in jobs:
            jobs.remove(job)
            if not jobs:
                self._drop(scope)

    def _busy(self) -> EngineBusyError:
        return EngineBusyError(
            f"The engine {self._name!r} has {self._queue} requests waiting, which is its limit. "
            "Please try again later.",
            retry_after_s=_RETRY_AFTER_S,
        )

    def _closed(self) -> EngineUnavailableError:
        return EngineUnavailableError(f"The engine {self._name!r} is not running.")


class _Job(Generic[Item, Result]):
    """The items that one caller submitted."""

    def __init__(self, items: Sequence[tuple[Item, int]]) -> None:
        self.items = items
        self.waiting = sorted(range(len(items)), key=lambda index: items[index][1])
        """Indices of items not yet in a batch, longest last; taken from the end."""
        self.done = anyio.Event()
        self._results: dict[int, Result] = {}
        self._error: FondacoError | None = None
        if not items:
            self.done.set()

    @property
    def next_tokens(self) -> int:
        """The tokens of the item that is next; 0 where none waits, as after a failure."""
        return self.items[self.waiting[-1]][1] if self.waiting else 0

    def keep(self, index: int, result: Result) -> None:
        self._results[index] = result
        if len(self._results) == len(self.items):
            self.done.set()

    def fail(self, error: FondacoError) -> None:
        self._error = self._error or error
        self.waiting.clear()
        self.done.set()

    def outcome(self) -> tuple[Result, ...]:
        if self._error is not None:
            raise self._error
        return tuple(self._results[index] for index in range(len(self.items)))


_Piece: TypeAlias = tuple[_Job[Item, Result], int]
"""A job, and the index of one of its items."""
