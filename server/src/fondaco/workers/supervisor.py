"""The supervisor of a server of our own: a child process that starts at the first call, and again when it dies."""

import json
import os
import secrets
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Generic, TypeAlias, TypeVar

import anyio
from anyio.abc import Process

from fondaco.domain.errors import EngineUnavailableError
from fondaco.ports.incidents import Incident, report, report_error
from fondaco.processes import environment_of_child, opened_child
from fondaco.workers.start import command

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_HEALTHY_S = 60.0
"""A child that lived this long resets the backoff."""
_REPORT_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class ServerProgram:
    """Launch options of a server's child."""

    module: str
    """A module whose main program begins by `workers.server_child.begun`."""
    order: Mapping[str, Any]
    """Values that it gets on its standard input, as JSON."""
    start_timeout_s: float
    grace_s: float = 2.0
    """Grace period for it to end by itself; then it is killed."""
    logs: bool = False
    """Whether what it writes to standard error is the server's log; else it is discarded."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables beyond those of every child."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Messages to callers about a child that does not run."""

    not_running: str
    starting: str
    not_started: str
    """No process can be started on this machine just now."""
    not_loaded: str
    """It ended while it started; the reason, where it gave one, follows a colon."""
    stopped: str
    defect: str


@dataclass(frozen=True, slots=True)
class Idle:
    """Waiting for the first call."""


@dataclass(frozen=True, slots=True)
class Starting:
    """The child is starting."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """The child died or could not start; the next try is at `retry_at` on the loop's clock."""

    why: str
    retry_at: float


@dataclass(frozen=True, slots=True)
class Closed:
    """The supervisor does not run."""


NotRunning: TypeAlias = Idle | Starting | Crashed | Closed
T = TypeVar("T")


class ServerSupervisor(ABC, Generic[T]):
    """Owns the child process while `run` runs. `T` is the state of a running child, as its engine uses it."""

    def __init__(self, program: ServerProgram, phrases: Phrases, engine: str, model: str) -> None:
        """Prepare a child; `engine` and `model` name it in the log."""
        self._program = program
        self._phrases = phrases
        self._engine = engine
        self._model = model
        self._state: NotRunning | T = Closed()
        self._changed = anyio.Event()
        self._start_requested = anyio.Event()

    @abstractmethod
    def opened(self, address: str, key: str, pid: int) -> T:
        """Return the state of a child that is ready at an address, and takes the key from its callers."""

    @abstractmethod
    async def closed(self, running: T) -> None:
        """Release the child's resources, as it has ended."""

    @property
    def state(self) -> NotRunning | T:
        """State of the child."""
        return self._state

    async def running(self) -> T:
        """Return the running child, started if need be.

        Raises:
            EngineUnavailableError: it could not start, or just died and waits for its next try.
        """
        self._start_requested.set()
        with anyio.move_on_after(self._program.start_timeout_s):
            while isinstance(self._state, Idle | Starting):
                await self._changed.wait()
        state = self._state
        if isinstance(state, Crashed):
            wait_s = max(1, ceil(state.retry_at - anyio.current_time()))
            raise EngineUnavailableError(state.why, retry_after_s=wait_s)
        if isinstance(state, Closed):
            raise EngineUnavailableError(self._phrases.not_running)
        if isinstance(state, Idle | Starting):
            raise EngineUnavailableError(self._phrases.starting, retry_after_s=5)
        return state

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Supervise until cancelled; then the child is gone."""
        pause_s = _FIRST_PAUSE_S
        self._become(Idle())
        task_status.started()
        try:
            while True:
                await self._start_requested.wait()
                self._become(Starting())
                started_at = anyio.current_time()
                why = await self._supervise_child()
                lived_s = anyio.current_time() - started_at
                pause_s = _FIRST_PAUSE_S if lived_s > _HEALTHY_S else pause_s
                self._become(Crashed(why, anyio.current_time() + pause_s))
                await anyio.sleep(pause_s)
                self._become(Idle())
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        finally:
            self._become(Closed())

    async def _supervise_child(self) -> str:
        """Run one child to its end, whatever ends it, and return why in words for callers."""
        try:
            why, reason = await self._run_child()
        except OSError:  # out of processes, memory or file descriptors; possibly temporary
            why, reason = self._phrases.not_started, "not_started"
        except Exception as error:  # noqa: BLE001 - a defect of ours ends this life alone
            report_error(Incident.TASK_FAILED, error)
            why, reason = self._phrases.defect, "defect"
        report(Incident.ENGINE_STOPPED, reason=reason, engine=self._engine, model=self._model)
        return why

    async def _run_child(self) -> tuple[str, str]:
        """Run one child to its end, and return why it ended: in words, and in one for the log."""
        child = await opened_child(
            command(self._program.module),
            stderr=None if self._program.logs else subprocess.DEVNULL,
            env={**environment_of_child(), **self._program.environment},
        )
        try:
            return await self._serve(child)
        finally:
            with anyio.CancelScope(shield=True):
                await _end(child, self._program.grace_s)

    async def _serve(self, child: Process) -> tuple[str, str]:
        key = secrets.token_urlsafe(32)
        told = await self._load(child, key)
        address = told.get("address")
        if address is None:
            # Retry only when a request arrives: the model's files may have been repaired by then.
            self._start_requested = anyio.Event()
            why = told.get("error", "it ended or took too long")
            return f"{self._phrases.not_loaded}: {why}", "not_loaded"
        running = self.opened(address, key, child.pid)
        self._become(running)
        try:
            await child.wait()
        finally:
            await self.closed(running)
        return self._phrases.stopped, "ended"

    async def _load(self, child: Process, key: str) -> dict[str, str]:
        """Hand the child its order, and return its report."""
        line = b""
        order = {**self._program.order, "parent": os.getpid(), "key": key}
        with anyio.move_on_after(self._program.start_timeout_s):
            try:
                assert child.stdin is not None  # noqa: S101 - piped by default
                assert child.stdout is not None  # noqa: S101 - piped by default
                await child.stdin.send(json.dumps(order).encode() + b"\n")
                while not line.endswith(b"\n") and len(line) < _REPORT_LIMIT:
                    line += await child.stdout.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return {}
        return _report(line)

    def _become(self, state: NotRunning | T) -> None:
        self._state = state
        self._changed.set()
        self._changed = anyio.Event()


def _report(line: bytes) -> dict[str, str]:
    try:
        report = json.loads(line)
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in report.items()} if isinstance(report, dict) else {}


async def _end(child: Process, grace_s: float) -> None:
    """End the child: it exits when its standard input does, and is killed where it hangs.

    SIGTERM would not tell ours from one that the whole process group got, so the child ignores it.
    """
    if child.returncode is None and child.stdin is not None:
        await child.stdin.aclose()
        with anyio.move_on_after(grace_s):
            await child.wait()
    if child.returncode is None:
        child.kill()
    await child.aclose()
