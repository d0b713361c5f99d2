"""Watched forms: each question is put to a child, which is ended when it takes too long over it."""

import json
import os
import sys
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from subprocess import DEVNULL
from typing import Self

import anyio
from anyio.abc import ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from fondaco.domain.errors import EngineBusyError

MOST_CHILDREN = 2
"""For schemas, and as many for answers."""
CPU_S = 1.0
"""What one question may take of a processor."""
WAIT_S = 10.0
"""For a child's start, and for an answer where the machine has no time for the child."""
QUEUE_S = 5.0
"""For a child that is free."""
_MOST_REMEMBERED = 256
_LONGEST_ANSWER = 2**16
_TOO_COMPLEX = "is too complex: it takes too long, or too much memory, to work out what fits it"


class WatchedForms:
    """`Forms` whose questions are answered by children.

    A child lives until a question ends it; it starts with the first that nobody is free for.
    """

    def __init__(
        self,
        *,
        cpu_s: float = CPU_S,
        wait_s: float = WAIT_S,
        queue_s: float = QUEUE_S,
        children: int = MOST_CHILDREN,
    ) -> None:
        self._cpu_s = cpu_s
        self._wait_s = wait_s
        self._queue_s = queue_s
        # Whoever has many schemas judged must not keep answers that are ready from being checked.
        self._places = {
            "flaw": anyio.CapacityLimiter(children),
            "fault": anyio.CapacityLimiter(children),
        }
        self._idle: list[_Child] = []
        self._flaws: OrderedDict[bytes, str | None] = OrderedDict()
        """By a schema's digest: of those that were judged last."""

    async def flaw(self, schema: str) -> str | None:
        """Return why no answer can be asked for by the schema; see `Forms.flaw`."""
        digest = sha256(schema.encode()).digest()
        if digest in self._flaws:
            self._flaws.move_to_end(digest)
            return self._flaws[digest]
        try:
            reason = await self._ask("flaw", schema)
        except _EndedError:
            return _TOO_COMPLEX  # not remembered: the machine may have been at fault
        self._flaws[digest] = reason
        if len(self._flaws) > _MOST_REMEMBERED:
            self._flaws.popitem(last=False)
        return reason

    async def fault(self, schema: str, text: str) -> str | None:
        """Return why a text is no JSON that fits the schema; see `Forms.fault`."""
        try:
            return await self._ask("fault", schema, text)
        except _EndedError:
            return "could not be checked against the schema in time"

    async def aclose(self) -> None:
        """End the children."""
        while self._idle:
            await self._idle.pop().end()

    @property
    def child_pids(self) -> tuple[int, ...]:
        """The process ids of children that have nothing to do."""
        return tuple(child.process.pid for child in self._idle)

    async def _ask(self, question: str, *about: str) -> str | None:
        """Return a child's answer.

        Raises:
            EngineBusyError: no child was free in time.
            _EndedError: the child ended over it.
        """
        try:
            return await self._ask_one(question, about)
        except _GoneError:  # it had died before: that is nobody's fault
            await self.aclose()
            return await self._ask_one(question, about)

    async def _ask_one(self, question: str, about: tuple[str, ...]) -> str | None:
        async with self._child(self._places[question]) as child:
            try:
                with anyio.fail_after(self._wait_s):
                    return await child.ask(question, about)
            except TimeoutError as error:
                raise _EndedError from error

    @asynccontextmanager
    async def _child(self, places: anyio.CapacityLimiter) -> AsyncGenerator["_Child"]:
        """Lend a child, which is ended unless it answered."""
        try:
            with anyio.fail_after(self._queue_s):
                await places.acquire_on_behalf_of(place := object())
        except TimeoutError as error:
            raise EngineBusyError(
                "Too many schemas are being checked. Please try again later.", retry_after_s=2
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
        command = (sys.executable, "-P", "-m", "fondaco.forms.child")
        with anyio.CancelScope(shield=True):  # a child half begun would be left to itself
            process = await anyio.open_process(
                [*command, str(os.getpid()), str(self._cpu_s)], stderr=DEVNULL
            )
        child = _Child.of(process)
        try:
            with anyio.fail_after(self._wait_s):
                await child.hear()
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await child.end()
            if isinstance(error, TimeoutError | _EndedError):
                raise EngineBusyError(
                    "What checks schemas does not start. Please try again later.", retry_after_s=5
                ) from error
            raise
        return child


class _EndedError(Exception):
    """The child ended over a question."""


class _GoneError(_EndedError):
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

    async def ask(self, question: str, about: tuple[str, ...]) -> str | None:
        """Return the reason that the child gives, or None if it gives none.

        Raises:
            _GoneError: it had ended before.
            _EndedError: it ended over the question.
        """
        line = json.dumps({"question": question, "about": about}).encode() + b"\n"
        try:
            await self.questions.send(line)
            await self.hear()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, _EndedError) as error:
            raise _GoneError from error
        return (await self.hear()).get("reason")

    async def hear(self) -> dict[str, str | None]:
        """Return the next line that the child says."""
        try:
            line = await self.answers.receive_until(b"\n", _LONGEST_ANSWER)
        except (anyio.IncompleteRead, anyio.EndOfStream, anyio.DelimiterNotFound) as error:
            raise _EndedError from error
        said: dict[str, str | None] = json.loads(line)
        return said

    async def end(self) -> None:
        """End the process, whatever it does."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.aclose()
