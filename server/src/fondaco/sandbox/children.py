"""A pool of sandboxed children: a child that exceeds the time limit of a request is killed."""

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
from fondaco.processes import environment_of_child, opened_child

CPU_S = 1.0
"""CPU time of one request."""
WAIT_S = 10.0
"""Wall-clock limit for a child's start, and for a response on a machine that is busy."""
QUEUE_S = 5.0
"""Longest wait for a free child."""
_RESPONSE_LIMIT_BYTES = 8 * 2**20

Role: TypeAlias = Literal["output_formats", "templates"]
"""Set of functions that a child offers."""
Result: TypeAlias = Mapping[str, str | None]


class EndedError(Exception):
    """The child ended while it worked on a request."""


class Children:
    """Children of one role, each with one request at a time.

    A child starts when a request finds none idle, and is reused until a request ends it.
    """

    def __init__(
        self,
        role: Role,
        *,
        cpu_s: float = CPU_S,
        wait_s: float = WAIT_S,
        queue_s: float = QUEUE_S,
    ) -> None:
        self._role = role
        self._cpu_s = cpu_s
        self._wait_s = wait_s
        self._queue_s = queue_s
        self._idle: list[_Child] = []

    @property
    def idle_pids(self) -> tuple[int, ...]:
        """The process ids of idle children."""
        return tuple(child.process.pid for child in self._idle)

    async def aclose(self) -> None:
        """End the children."""
        while self._idle:
            await self._idle.pop().end()

    async def ask(self, limiter: anyio.CapacityLimiter, function: str, *arguments: str) -> Result:
        """Call a function in a child, once `limiter` has a free slot.

        Raises:
            EngineBusyError: no child was free in time.
            EndedError: the child ended over the request, or exceeded its time limit.
        """
        try:
            return await self._ask(limiter, function, arguments)
        except _GoneError:  # the child died while idle; this request did not cause it
            await self.aclose()
            return await self._ask(limiter, function, arguments)

    async def _ask(
        self, limiter: anyio.CapacityLimiter, function: str, arguments: tuple[str, ...]
    ) -> Result:
        async with self._child(limiter) as child:
            try:
                with anyio.fail_after(self._wait_s):
                    return await child.ask(function, arguments)
            except TimeoutError as error:
                raise EndedError from error

    @asynccontextmanager
    async def _child(self, limiter: anyio.CapacityLimiter) -> AsyncGenerator["_Child"]:
        """Lend a child; it is killed if the block raises."""
        try:
            with anyio.fail_after(self._queue_s):
                await limiter.acquire_on_behalf_of(borrower := object())
        except TimeoutError as error:
            raise EngineBusyError(
                "Too many schemas and templates are being checked. Please try again later.",
                retry_after_s=2,
            ) from error
        try:
            child = self._idle.pop() if self._idle else await self._spawn()
            try:
                yield child
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await child.end()
                raise
            self._idle.append(child)
        finally:
            limiter.release_on_behalf_of(borrower)

    async def _spawn(self) -> "_Child":
        command = (sys.executable, "-P", "-m", "fondaco.sandbox.child")
        try:
            process = await opened_child(
                [*command, self._role, str(os.getpid()), str(self._cpu_s)],
                stderr=DEVNULL,
                env=environment_of_child(),
            )
        except OSError as error:  # out of processes, memory or file descriptors
            raise _start_failed() from error
        child = _Child.of(process)
        try:
            with anyio.fail_after(self._wait_s):
                await child.receive()
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await child.end()
            if isinstance(error, TimeoutError | EndedError):
                raise _start_failed() from error
            raise
        return child


def _start_failed() -> EngineBusyError:
    return EngineBusyError(
        "The process that checks schemas and templates does not start. Please try again later.",
        retry_after_s=5,
    )


class _GoneError(EndedError):
    """The child had ended before it received the request."""


@dataclass(frozen=True, slots=True)
class _Child:
    process: Process
    requests: ByteSendStream
    responses: BufferedByteReceiveStream

    @classmethod
    def of(cls, process: Process) -> Self:
        """Return a child that was opened with pipes."""
        assert process.stdin is not None  # noqa: S101 - piped by default
        assert process.stdout is not None  # noqa: S101 - piped by default
        return cls(process, process.stdin, BufferedByteReceiveStream(process.stdout))

    async def ask(self, function: str, arguments: tuple[str, ...]) -> Result:
        """Call a function in the child and return its result.

        Raises:
            _GoneError: it had ended before.
            EndedError: it ended over the request.
        """
        line = orjson.dumps({"function": function, "arguments": arguments}) + b"\n"
        try:
            await self.requests.send(line)
            await self.receive()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, EndedError) as error:
            raise _GoneError from error
        return await self.receive()

    async def receive(self) -> Result:
        """Return the next line that the child writes."""
        try:
            line = await self.responses.receive_until(b"\n", _RESPONSE_LIMIT_BYTES)
        except (anyio.IncompleteRead, anyio.EndOfStream, anyio.DelimiterNotFound) as error:
            raise EndedError from error
        result: Result = orjson.loads(line)
        return result

    async def end(self) -> None:
        """End the process, whatever it does."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.aclose()
