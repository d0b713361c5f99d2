"""A pool of sandboxed children: each question has a time limit, after which its child is killed."""

import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from subprocess import DEVNULL
from typing import Literal, Self, TypeAlias

import anyio
import orjson
from anyio.abc import ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from fondaco.domain.errors import EngineBusyError
from fondaco.processes import environment_of_child

CPU_S = 1.0
"""What one question may take of a processor."""
WAIT_S = 10.0
"""For a child's start, and for an answer where the machine has no time for the child."""
QUEUE_S = 5.0
"""For a child that is free."""
_LONGEST_ANSWER = 8 * 2**20

Trade: TypeAlias = Literal["forms", "templates"]
"""What children know how to answer."""
Answer: TypeAlias = Mapping[str, str | None]


class EndedError(Exception):
    """The child ended over a question."""


class Children:
    """Children of one trade, each with one question at a time.

    A child lives until a question ends it; it starts with the first that nobody is free for.
    """

    def __init__(
        self,
        trade: Trade,
        *,
        cpu_s: float = CPU_S,
        wait_s: float = WAIT_S,
        queue_s: float = QUEUE_S,
    ) -> None:
        self._trade = trade
        self._cpu_s = cpu_s
        self._wait_s = wait_s
        self._queue_s = queue_s
        self._idle: list[_Child] = []

    @property
    def idle_pids(self) -> tuple[int, ...]:
        """The process ids of children that have nothing to do."""
        return tuple(child.process.pid for child in self._idle)

    async def aclose(self) -> None:
        """End the children."""
        while self._idle:
            await self._idle.pop().end()

    async def ask(self, places: anyio.CapacityLimiter, question: str, *about: str) -> Answer:
        """Return a child's answer, once there is a place.

        Raises:
            EngineBusyError: no child was free in time.
            EndedError: the child ended over it.
        """
        try:
            return await self._ask(places, question, about)
        except _GoneError:  # it had died before: that is nobody's fault
            await self.aclose()
            return await self._ask(places, question, about)

    async def _ask(
        self, places: anyio.CapacityLimiter, question: str, about: tuple[str, ...]
    ) -> Answer:
        async with self._child(places) as child:
            try:
                with anyio.fail_after(self._wait_s):
                    return await child.ask(question, about)
            except TimeoutError as error:
                raise EndedError from error

    @asynccontextmanager
    async def _child(self, places: anyio.CapacityLimiter) -> AsyncGenerator["_Child"]:
        """Lend a child, which is ended unless it answered."""
        try:
            with anyio.fail_after(self._queue_s):
                await places.acquire_on_behalf_of(place := object())
        except TimeoutError as error:
            raise EngineBusyError(
                "Too many schemas and templates are being checked. Please try again later.",
                retry_after_s=2,
            ) from error
        try:
            child = self._idle.pop() if self._idle else await self._born()
            try:
                yield child
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await child.end()
                raise
            self._idle.append(child)
        finally:
            places.release_on_behalf_of(place)

    async def _born(self) -> "_Child":
        command = (sys.executable, "-P", "-m", "fondaco.sandbox.child")
        try:
            with anyio.CancelScope(shield=True):  # a child half begun would be left to itself
                process = await anyio.open_process(
                    [*command, self._trade, str(os.getpid()), str(self._cpu_s)],
                    stderr=DEVNULL,
                    env=environment_of_child(),
                )
        except OSError as error:  # no process, memory or file descriptor is left
            raise _not_born() from error
        child = _Child.of(process)
        try:
            with anyio.fail_after(self._wait_s):
                await child.hear()
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await child.end()
            if isinstance(error, TimeoutError | EndedError):
                raise _not_born() from error
            raise
        return child


def _not_born() -> EngineBusyError:
    return EngineBusyError(
        "What checks schemas and templates does not start. Please try again later.",
        retry_after_s=5,
    )


class _GoneError(EndedError):
    """The child had ended before it got the question."""


@dataclass(frozen=True, slots=True)
class _Child:
    process: Process
    questions: ByteSendStream
    answers: BufferedByteReceiveStream

    @classmethod
    def of(cls, process: Process) -> Self:
        """Return a child that was opened with pipes."""
        assert process.stdin is not None  # noqa: S101 - piped by default
        assert process.stdout is not None  # noqa: S101 - piped by default
        return cls(process, process.stdin, BufferedByteReceiveStream(process.stdout))

    async def ask(self, question: str, about: tuple[str, ...]) -> Answer:
        """Return the child's answer.

        Raises:
            _GoneError: it had ended before.
            EndedError: it ended over the question.
        """
        line = orjson.dumps({"question": question, "about": about}) + b"\n"
        try:
            await self.questions.send(line)
            await self.hear()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, EndedError) as error:
            raise _GoneError from error
        return await self.hear()

    async def hear(self) -> Answer:
        """Return the next line that the child says."""
        try:
            line = await self.answers.receive_until(b"\n", _LONGEST_ANSWER)
        except (anyio.IncompleteRead, anyio.EndOfStream, anyio.DelimiterNotFound) as error:
            raise EndedError from error
        said: Answer = orjson.loads(line)
        return said

    async def end(self) -> None:
        """End the process, whatever it does."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.aclose()
