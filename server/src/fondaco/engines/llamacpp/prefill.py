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
"""Of a prompt, read at one turn: a quarter of a second of a small model, and 1 % of overhead."""

_T = TypeVar("_T")


class PrefillQueue:
    """Turns at prefill: one at a time, in rotation over the accounts that wait."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: OrderedDict[str, deque[anyio.Event]] = OrderedDict()
        """Account -> its calls that wait, in their order; the next account comes first."""

    def request(self, account: str) -> "PrefillTurn":
        """Return a turn, to be entered; whoever enters it waits for the turn."""
        return PrefillTurn(self, account)

    async def take(self, account: str) -> None:
        """Return once it is the account's turn."""
        if not self._taken:
            self._taken = True
            return
        called = anyio.Event()
        self._waiting.setdefault(account, deque()).append(called)
        try:
            await called.wait()
        except BaseException:
            if called.is_set():
                self.give_back()
            else:
                self._leave(account, called)
            raise

    async def work(self, account: str, ask: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Return what `ask` brings, run at the account's turn, which ends with it.

        Some of what an engine was asked it works off though the caller hung up. Then the turn goes on
        as well, or else whoever hangs up would have the engine do any amount of work at a time.
        """
        await self.take(account)
        # Not in a task group: it outlives its caller, and ends with the engine at the latest.
        task = asyncio.get_running_loop().create_task(ask())
        task.add_done_callback(self._worked)
        return await asyncio.shield(task)

    def _worked(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled():
            task.exception()  # nobody may be left to be told
        self.give_back()

    def give_back(self) -> None:
        """End a turn; the next account's begins."""
        if not self._waiting:
            self._taken = False
            return
        account, calls = self._waiting.popitem(last=False)
        calls.popleft().set()
        if calls:
            self._waiting[account] = calls  # behind all others

    def _leave(self, account: str, called: anyio.Event) -> None:
        calls = self._waiting[account]
        calls.remove(called)
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
        """Let the next account read; a second end changes nothing."""
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
