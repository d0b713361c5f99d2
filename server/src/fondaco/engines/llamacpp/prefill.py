"""Fair prefill: long prompts are processed in pieces, in turns between accounts.

The engine gives its prompt batches to the lowest slot that has a prompt to read, until that prompt
is read whole. A long prompt is therefore sent in pieces, and accounts take turns piece by piece.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio

PIECE_TOKENS = 128
"""Prompt tokens per turn: a quarter of a second for a small model, with 1 % overhead."""

_T = TypeVar("_T")


class PrefillQueue:
    """Turns at prefill: one at a time, in rotation over the accounts that wait."""

    def __init__(self) -> None:
        self._busy = False
        self._waiting: OrderedDict[str, deque[anyio.Event]] = OrderedDict()
        """Account -> its waiting calls in order; the next account comes first."""

    def request(self, account: str) -> "PrefillTurn":
        """Return a turn; entering it as a context waits for the turn."""
        return PrefillTurn(self, account)

    async def take(self, account: str) -> None:
        """Return once it is the account's turn."""
        if not self._busy:
            self._busy = True
            return
        turn = anyio.Event()
        self._waiting.setdefault(account, deque()).append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self.give_back()
            else:
                self._leave(account, turn)
            raise

    async def work(self, account: str, ask: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Run `ask` at the account's turn, which ends with it, and return its result.

        The engine finishes some requests although the caller has disconnected. The turn lasts as long,
        since disconnecting clients could otherwise start any amount of concurrent work.
        """
        await self.take(account)
        # Not in a task group: the task outlives its caller, and ends with the engine at the latest.
        task = asyncio.get_running_loop().create_task(ask())
        task.add_done_callback(self._worked)
        return await asyncio.shield(task)

    def _worked(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled():
            task.exception()  # retrieved here, as the caller may have disconnected
        self.give_back()

    def give_back(self) -> None:
        """End a turn; the next account's begins."""
        if not self._waiting:
            self._busy = False
            return
        account, calls = self._waiting.popitem(last=False)
        calls.popleft().set()
        if calls:
            self._waiting[account] = calls  # goes to the back of the queue

    def _leave(self, account: str, turn: anyio.Event) -> None:
        calls = self._waiting[account]
        calls.remove(turn)
        if not calls:
            del self._waiting[account]


class PrefillTurn:
    """One turn, as a context; `end` may end it before the context does."""

    __slots__ = ("_account", "_ended", "_queue")

    def __init__(self, queue: PrefillQueue, account: str) -> None:
        self._queue = queue
        self._account = account
        self._ended = False

    async def __aenter__(self) -> Self:
        """Wait for the turn."""
        await self._queue.take(self._account)
        return self

    def end(self) -> None:
        """Pass the turn to the next account; calling it again has no effect."""
        if not self._ended:
            self._ended = True
            self._queue.give_back()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the turn."""
        self.end()
