"""The lock of the server that runs on a home, and the state that its file records.

The kernel releases the lock when the process ends, however it ends; so a process id in the file counts only
while the lock is held.
"""

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from time import sleep

_NAME = "server.lock"
_LINE_BYTES = 1024
"""Of one write, padded, so that no reader sees half of it."""
_LOOKED_AT_S = 0.05
"""A command holds the lock for less than that, to see whether a server does."""
_TRIES = 3


class Reloads(StrEnum):
    """Whether a server reloads its configuration at SIGHUP."""

    STARTING = "starting"
    """Soon."""
    YES = "yes"
    NEVER = "never"
    """Under another ASGI server, which the signal may end."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """State of a running server, as it reports it."""

    pid: int
    pid_namespace: str
    """Namespace in which the process id counts: another container numbers its processes by itself."""
    reloads: Reloads = Reloads.STARTING
    begun: int = 0
    """Reloads that have started to read the configuration."""
    ended: int = 0
    """Reloads that have been applied or refused."""
    refused: bool = False
    """Whether the last of them was refused."""
    stale: tuple[str, ...] = ()
    """Tables of the configuration with changes that the last of them left to a restart."""
    url: str = ""
    """The address at which programs on this machine reach it, without a path; empty: it does not know."""

    @property
    def is_here(self) -> bool:
        """Whether the process id counts for this process, too."""
        return self.pid_namespace == _pid_namespace()


class ServerLock:
    """The lock while it is held, for the server to say how it is."""

    def __init__(self, descriptor: int, reloads: Reloads) -> None:
        self._descriptor = descriptor
        self._state = ServerState(os.getpid(), _pid_namespace(), reloads)
        self._write()

    def says_reloads(self) -> None:
        """Say that SIGHUP is handled from now on."""
        self._state = replace(self._state, reloads=Reloads.YES)
        self._write()

    def says_url(self, url: str) -> None:
        """Say at which address programs on this machine reach the server."""
        self._state = replace(self._state, url=url)
        self._write()

    def says_begun(self) -> None:
        """Say that a reload begins to read the configuration."""
        self._state = replace(self._state, begun=self._state.begun + 1)
        self._write()

    def says_ended(self, *, refused: bool, stale: tuple[str, ...] = ()) -> None:
        """Say that the reload that began last was applied, but for `stale` tables, or refused."""
        self._state = replace(self._state, ended=self._state.begun, refused=refused, stale=stale)
        self._write()

    def _write(self) -> None:
        line = json.dumps(asdict(self._state)).encode().ljust(_LINE_BYTES - 1) + b"\n"
        with suppress(OSError):  # a full disk: only commands read the file's content
            os.pwrite(self._descriptor, line, 0)


def locked(folder: Path) -> int:
    """Lock a home for a server; return the descriptor, which holds the lock until it is closed.

    Raises:
        BlockingIOError: another server holds it.
        OSError: the file cannot be used.
    """
    descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        for attempt in range(_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if attempt == _TRIES - 1:
                    raise
                sleep(_LOOKED_AT_S)
            else:
                break
        os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def running_server(folder: Path) -> ServerState | None:
    """Return the state of the server that runs on a home; None: none runs, or it reports none.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        descriptor = os.open(folder / _NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _state_in(os.pread(descriptor, _LINE_BYTES, 0))
    else:
        return None
    finally:
        os.close(descriptor)


def pid_in(folder: Path) -> str:
    """Return the process id of the server that runs on a home, as far as its file says."""
    state = _state_in((folder / _NAME).read_bytes())
    return "unknown" if state is None else str(state.pid)


def _state_in(line: bytes) -> ServerState | None:
    try:
        values = json.loads(line)
        reloads, stale = Reloads(values["reloads"]), tuple(values.get("stale", ()))
        return ServerState(**{**values, "reloads": reloads, "stale": stale})
    except (ValueError, TypeError, KeyError):
        return None


def _pid_namespace() -> str:
    """Return the namespace of process ids on Linux; elsewhere there is one."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
