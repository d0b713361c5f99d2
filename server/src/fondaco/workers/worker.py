"""The parent's side of a worker: starts the child on demand, and again after it exits."""

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Self

import anyio
from anyio.abc import ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from fondaco.domain.errors import EngineError, EngineTimeoutError, EngineUnavailableError
from fondaco.domain.untrusted_numbers import whole
from fondaco.ports import EngineState
from fondaco.ports.incidents import Incident, report
from fondaco.processes import environment_of_child, opened_child
from fondaco.workers.child import CANCEL, CANCELLABLE, PAYLOAD_BYTES, PROGRESS, WorkerResponse
from fondaco.workers.start import command

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_WAITED_FOR_S = 1.0
"""Requests wait out a backoff up to this long; a longer one is an error with `retry_after_s`."""
_HEALTHY_S = 60.0
"""A child that lived this long resets the backoff."""
_LEFT_FREELY = 2
"""Callers in a row who may leave before the next child waits: those who come after them should not notice."""
_EXIT_S = 0.5
"""Time to exit for a child that could not load its model."""
_LINE_LIMIT = 2**20
_PAYLOAD_LIMIT = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Program:
    """Launch options of a worker's child."""

    module: str
    """A module that calls `workers.child.serve` as its main program."""
    launch: Mapping[str, Any]
    """The first request, with which the child loads its model: JSON values."""
    threads: int = 1
    start_timeout_s: float = 120.0
    answer_timeout_s: float = 120.0
    """Between two signs of life: of progress, or the response."""
    cancel_grace_s: float = 0.0
    """Grace period for a child that can stop early; then it is ended."""


class Worker:
    """A child process that answers one request at a time."""

    def __init__(self, program: Program, *, engine: str, model: str) -> None:
        """Prepare the worker; `engine` and `model` name it in the log."""
        self._program = program
        self._engine = engine
        self._model = model
        self._child: _Child | None = None
        self._turn = anyio.Lock()
        self._pause_s = _FIRST_PAUSE_S
        self._retry_at = 0.0
        self._unavailable_reason = ""
        self._left = 0
        """Number of callers in a row that have left, each with the end of a child."""

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return None if self._child is None else self._child.process.pid

    @property
    def state(self) -> EngineState:
        """State of the child."""
        if self._child is None:
            return EngineState.STOPPED
        return EngineState.LOADED if self._child.born_at else EngineState.LOADING

    @property
    def reason(self) -> str | None:
        """Why the last child failed, until another one has started."""
        return self._unavailable_reason or None if self._child is None else None

    async def ask(
        self,
        request: Mapping[str, Any],
        payload: bytes = b"",
        advanced: Callable[[int, int], None] | None = None,
    ) -> WorkerResponse:
        """Send a request and return the response; cancelling has the child stop early, or ends it.

        Args:
            request: JSON values.
            payload: bytes that the child finds in the request as `payload`.
            advanced: called with the number of completed steps, and of all steps, as far as the child reports it.

        Raises:
            EngineUnavailableError: the child does not start, or ended over the request.
            EngineTimeoutError: it took too long, and was ended.
            EngineError: it failed at the request.
        """
        async with self._turn:
            child = self._child or await self._started()
            try:
                with anyio.fail_after(self._program.answer_timeout_s) as limit:

                    def told(done: int, total: int) -> None:
                        limit.deadline = anyio.current_time() + self._program.answer_timeout_s
                        if advanced is not None:
                            advanced(done, total)

                    fields, answer = await child.ask(request, payload, told)
            except TimeoutError as error:
                await self._ended("timeout")
                raise EngineTimeoutError("The model did not respond in time.") from error
            except _EndedError as error:
                await self._ended("ended")
                raise self._unavailable() from error
            except BaseException:
                stopped = False
                try:
                    stopped = await self._stopped(child)
                finally:
                    # After a second cancellation, the next caller must not receive this answer.
                    if not stopped:
                        await self._ended("cancelled")
                raise
        self._left = 0
        if "error" in fields:
            raise EngineError
        return fields, answer

    async def aclose(self, grace_s: float = 0.0) -> None:
        """End the child, which may exit by itself in a grace period."""
        child, self._child = self._child, None
        if child is not None:
            await child.end(grace_s)

    async def _stopped(self, child: "_Child") -> bool:
        """Have a child give up the request in hand; return whether it did so in time, and can go on."""
        with (
            anyio.CancelScope(shield=True),
            anyio.move_on_after(self._program.cancel_grace_s),
            contextlib.suppress(_EndedError),
        ):
            return await child.stop()
        return False

    async def _started(self) -> "_Child":
        """Start a child, once the backoff after the last one has passed.

        Raises:
            EngineUnavailableError: the backoff has not passed, or the child cannot load its model.
        """
        wait_s = self._retry_at - anyio.current_time()
        if wait_s > _WAITED_FOR_S:
            raise self._unavailable()
        await anyio.sleep(max(0.0, wait_s))
        failure, reason = "", "not_loaded"
        try:
            self._child = child = await self._opened()
            with anyio.fail_after(self._program.start_timeout_s):
                fields, _ = await child.ask({**self._program.launch, "parent": os.getpid()})
            failure = str(fields.get("error", ""))
        except TimeoutError:
            failure = "it took too long"
        except OSError:  # out of processes, memory or file descriptors; possibly temporary
            failure, reason = "it cannot be started on this machine now", "not_started"
        except _EndedError:
            failure = "its process ended"
        except BaseException:
            await self._ended("cancelled")
            raise
        if failure:
            await self._ended(reason, grace_s=_EXIT_S)
            self._unavailable_reason = f"The model {self._model!r} could not be loaded: {failure}."
            raise self._unavailable()
        child.born_at = anyio.current_time()
        child.cancellable = bool(fields.get(CANCELLABLE))
        return child

    async def _opened(self) -> "_Child":
        threads = {
            "OMP_NUM_THREADS": str(self._program.threads),
            "OMP_WAIT_POLICY": "passive",
            "TOKENIZERS_PARALLELISM": "false",
        }
        process = await opened_child(
            command(self._program.module),
            stderr=subprocess.DEVNULL,
            env=environment_of_child() | threads,
        )
        return _Child.of(process)

    async def _ended(self, reason: str, *, grace_s: float = 0.0) -> None:
        """End the child, and start or double the backoff, unless the child did not cause the fault."""
        child, now = self._child, anyio.current_time()
        if reason == "cancelled":
            self._left += 1
            if (doublings := self._left - _LEFT_FREELY) > 0:
                # The next request waits, without an error: no child has failed.
                pause_s = min(_WAITED_FOR_S, _FIRST_PAUSE_S * 2 ** min(doublings, 8))
                self._retry_at = max(self._retry_at, now + pause_s)
            await self.aclose()
            return
        if child is not None and child.born_at and now - child.born_at > _HEALTHY_S:
            self._pause_s = _FIRST_PAUSE_S
        self._retry_at = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        self._unavailable_reason = "The model's engine stopped and is being restarted."
        report(Incident.ENGINE_STOPPED, reason=reason, engine=self._engine, model=self._model)
        await self.aclose(grace_s)

    def _unavailable(self) -> EngineUnavailableError:
        wait_s = max(1, ceil(self._retry_at - anyio.current_time()))
        return EngineUnavailableError(self._unavailable_reason, retry_after_s=wait_s)


class _EndedError(Exception):
    """The child ended, or sent an invalid response."""


@contextlib.contextmanager
def _as_ended() -> Generator[None]:
    """Raise what shows that a child ended, or sent what is no response, as `_EndedError`."""
    try:
        yield
    except (
        anyio.BrokenResourceError,
        anyio.ClosedResourceError,
        anyio.DelimiterNotFound,
        anyio.EndOfStream,
        anyio.IncompleteRead,
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        raise _EndedError from error


@dataclass(slots=True)
class _Child:
    process: Process
    requests: ByteSendStream
    responses: BufferedByteReceiveStream
    born_at: float = 0.0
    """Time at which it became ready, on the loop's clock."""
    cancellable: bool = False
    """Whether it stops early when told to."""
    owes_response: bool = False
    """Whether a request was sent whole, and nothing of its response was read."""
    owed_bytes: int = 0
    """Length of the payload of a response whose first line was read."""

    @classmethod
    def of(cls, process: Process) -> Self:
        assert process.stdin is not None  # noqa: S101 - piped by default
        assert process.stdout is not None  # noqa: S101 - piped by default
        return cls(process, process.stdin, BufferedByteReceiveStream(process.stdout))

    async def ask(
        self,
        request: Mapping[str, Any],
        payload: bytes = b"",
        advanced: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> WorkerResponse:
        """Send a request with its payload, and return its response.

        Raises:
            _EndedError: the child ended, or sent an invalid response.
        """
        with _as_ended():
            line = json.dumps({**request, PAYLOAD_BYTES: len(payload)} if payload else request)
            await self.requests.send(line.encode() + b"\n")
            if payload:  # separate, to avoid copying megabytes of pixels
                await self.requests.send(payload)
            self.owes_response = True
            return await self._response(advanced)

    async def stop(self) -> bool:
        """Have it give up the request in hand, and wait for that; return whether it can.

        Raises:
            _EndedError: the child ended, or sent an invalid response.
        """
        if not self.cancellable or not (self.owes_response or self.owed_bytes):
            return False
        with _as_ended():
            if self.owed_bytes:
                await self._payload()
            else:
                await self.requests.send(json.dumps({CANCEL: True}).encode() + b"\n")
                await self._response(lambda _done, _total: None)
        return True

    async def _response(self, advanced: Callable[[int, int], None]) -> WorkerResponse:
        """Return the next response, and report the progress that precedes it."""
        while True:
            fields = json.loads(await self.responses.receive_until(b"\n", _LINE_LIMIT))
            if PROGRESS not in fields:
                break
            done, total = map(whole, fields[PROGRESS])
            if done is not None and total is not None:
                advanced(done, total)
        self.owes_response = False
        size = whole(fields["bytes"], _PAYLOAD_LIMIT)
        if size is None:
            raise _EndedError
        self.owed_bytes = size
        return fields, await self._payload()

    async def _payload(self) -> bytes:
        """Return the payload that is owed; what was received stays in the buffer until all of it was."""
        payload = await self.responses.receive_exactly(self.owed_bytes) if self.owed_bytes else b""
        self.owed_bytes = 0
        return payload

    async def end(self, grace_s: float = 0.0) -> None:
        """End the process, whatever it does; one that is about to exit by itself may do so in a grace period."""
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(grace_s):
                await self.process.wait()
            if self.process.returncode is None:
                self.process.kill()
            await self.process.aclose()
