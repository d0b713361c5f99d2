"""The supervisor: starts the child process at the first call, and restarts it when it dies."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Literal, TypeAlias

import anyio
from anyio.abc import Process

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineUnavailableError
from fondaco.engines.llamacpp.prefill import PrefillQueue
from fondaco.engines.llamacpp.slots import Slots
from fondaco.ports.incidents import Incident, report, report_error
from fondaco.processes import environment_of_child

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_HEALTHY_S = 60.0
"""A child that lived this long resets the backoff."""
_GRACE_S = 2.0
_REPORT_LIMIT = 4096

Connect: TypeAlias = Callable[[str, str], HttpClient]
"""Address and key -> client."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Parameters of a child."""

    model_file: Path
    threads: int
    slots: int
    context_tokens: int
    """Of each slot."""
    compact_cache: bool = False
    """Keep prompt caches in 8 instead of 16 bits a value: half the memory, slightly slower."""
    gpu_layers: int = -1
    """Layers that a GPU computes, where there is one; -1: all."""
    queue: int = 64
    """Calls that may wait for a slot."""
    start_timeout_s: float = 120.0
    slot_timeout_s: float = 120.0
    """How long a call waits for a slot."""
    source: str | None = None
    """The argument of `fondaco models pull` that downloads the file; None: the model's id."""
    pooling: Literal["mean", "cls", "last", "file"] | None = None
    """How an embedding model makes one vector of a text's, `file`: as its file says; None: it chats."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Waiting for the first call."""


@dataclass(frozen=True, slots=True)
class Starting:
    """The model is loading."""


@dataclass(frozen=True, slots=True)
class Running:
    """The child is ready."""

    upstream: HttpClient
    slots: Slots
    pid: int
    prefill: PrefillQueue
    counting: PrefillQueue
    """Turns at rendering and counting long prompts, which the engine cannot cancel."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """The child died or could not start; the next try is at `retry_at` on the loop's clock."""

    why: str
    retry_at: float


@dataclass(frozen=True, slots=True)
class Closed:
    """The supervisor does not run."""


State: TypeAlias = Idle | Starting | Running | Crashed | Closed


class Supervisor:
    """Owns the child process while `run` runs."""

    def __init__(self, launch: Launch, connect: Connect, engine: str, model: str) -> None:
        """Prepare a child for `launch`; `engine` and `model` name it in the log."""
        self._launch = launch
        self._connect = connect
        self._engine = engine
        self._model = model
        self._state: State = Closed()
        self._changed = anyio.Event()
        self._start_requested = anyio.Event()

    @property
    def state(self) -> State:
        """How the child is."""
        return self._state

    async def running(self) -> Running:
        """Return the running child, started if need be.

        Raises:
            EngineUnavailableError: it could not start, or just died and waits for its next try.
        """
        self._start_requested.set()
        with anyio.move_on_after(self._launch.start_timeout_s):
            while isinstance(self._state, Idle | Starting):
                await self._changed.wait()
        match self._state:
            case Running() as running:
                return running
            case Crashed(why, retry_at):
                wait_s = max(1, ceil(retry_at - anyio.current_time()))
                raise EngineUnavailableError(why, retry_after_s=wait_s)
            case Closed():
                raise EngineUnavailableError("The embedded engine is not running.")
            case Idle() | Starting():
                raise EngineUnavailableError("The model is still loading.", retry_after_s=5)

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
        except OSError:  # no process, memory or file descriptor is left; there may be later on
            why = "The model's engine cannot be started on this machine just now."
            reason = "not_started"
        except Exception as error:  # noqa: BLE001 - a defect of ours ends this life alone
            report_error(Incident.TASK_FAILED, error)
            why, reason = "The model's engine could not be supervised.", "defect"
        report(Incident.ENGINE_STOPPED, reason=reason, engine=self._engine, model=self._model)
        return why

    async def _run_child(self) -> tuple[str, str]:
        """Run one child to its end, and return why it ended: in words, and in one for the log."""
        child = await anyio.open_process(
            [sys.executable, "-P", "-m", "fondaco.engines.llamacpp.child"],
            stderr=subprocess.DEVNULL,
            env=environment_of_child(),
        )
        try:
            return await self._serve(child)
        finally:
            with anyio.CancelScope(shield=True):
                await _end(child)

    async def _serve(self, child: Process) -> tuple[str, str]:
        key = secrets.token_urlsafe(32)
        report = await self._load(child, key)
        address = report.get("address")
        if address is None:
            # Trying again and again can only help once a call comes: the file may be a better one.
            self._start_requested = anyio.Event()
            why = report.get("error", "it ended or took too long")
            file = self._launch.model_file.name
            return f"The model {file!r} could not be loaded: {why}", "not_loaded"
        upstream = self._connect(address, key)
        launch = self._launch
        slots = Slots(launch.slots, queue=launch.queue, wait_s=launch.slot_timeout_s)
        self._become(Running(upstream, slots, child.pid, PrefillQueue(), PrefillQueue()))
        try:
            await child.wait()
        finally:
            slots.close()
            await upstream.aclose()
        return "The model's engine stopped and is being restarted.", "ended"

    async def _load(self, child: Process, key: str) -> dict[str, str]:
        """Hand the child its order, and return its report."""
        line = b""
        with anyio.move_on_after(self._launch.start_timeout_s):
            try:
                assert child.stdin is not None  # noqa: S101 - piped by default
                assert child.stdout is not None  # noqa: S101 - piped by default
                await child.stdin.send(
                    json.dumps(launch_options(self._launch, key)).encode() + b"\n"
                )
                while not line.endswith(b"\n") and len(line) < _REPORT_LIMIT:
                    line += await child.stdout.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return {}
        return _report(line)

    def _become(self, state: State) -> None:
        self._state = state
        self._changed.set()
        self._changed = anyio.Event()


def launch_options(launch: Launch, key: str) -> dict[str, object]:
    """Return what the child is told as JSON: `child.parameters` makes llama.cpp's parameters of it."""
    return {
        "parent": os.getpid(),
        "key": key,
        "model": str(launch.model_file),
        "threads": launch.threads,
        "slots": launch.slots,
        "context_tokens": launch.context_tokens,
        "compact_cache": launch.compact_cache,
        "gpu_layers": launch.gpu_layers,
        "pooling": launch.pooling,
    }


def _report(line: bytes) -> dict[str, str]:
    try:
        report = json.loads(line)
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in report.items()} if isinstance(report, dict) else {}


async def _end(child: Process) -> None:
    """End the child: it exits when its standard input does, and is killed where it hangs.

    SIGTERM would not tell ours from one that the whole process group got, so the child ignores it.
    """
    if child.returncode is None and child.stdin is not None:
        await child.stdin.aclose()
        with anyio.move_on_after(_GRACE_S):
            await child.wait()
    if child.returncode is None:
        child.kill()
    await child.aclose()
