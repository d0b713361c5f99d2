"""The known state of engines, without requests to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class EngineState(StrEnum):
    """State of an engine, or of one of its processes."""

    READY = "ready"
    """It runs elsewhere, and answered when it was looked at last."""
    LOADED = "loaded"
    """Its process runs here, with the model in memory."""
    LOADING = "loading"
    STOPPED = "stopped"
    """Its process starts with the next call."""
    UNREACHABLE = "unreachable"
    """It did not answer when it was looked at last."""
    MISSING = "missing"
    """Its key, a package or the files of its models are not here."""
    UNKNOWN = "unknown"
    """It was not looked at yet."""


@dataclass(frozen=True, slots=True)
class EngineProcess:
    """A child process of this server, which runs one model; or the place of one."""

    model: str
    """Its id; the engine's name where one process runs all models, as an enclave's does."""
    state: EngineState
    reason: str | None = None
    """Why it does not run, where that is not for lack of calls."""
    pid: int | None = None
    slots: int | None = None
    """Calls that it can answer at a time; None: not known."""
    running: int = 0
    """Calls that it answers."""
    waiting: int = 0
    """Calls that wait for their turn."""


class LocalEngine(Protocol):
    """An engine that runs in child processes of this server."""

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        ...

    @property
    def processes(self) -> Sequence[EngineProcess]:
        """Its processes, one a model, as they are known: nothing is waited for."""
        ...


class EngineLoad(Protocol):
    """The calls that an engine elsewhere has from here."""

    @property
    def running(self) -> int:
        """Requests that it answers."""
        ...

    @property
    def waiting(self) -> int:
        """Requests that wait for a connection."""
        ...
