"""`fondaco reload`, and the reload that commands trigger after they change the catalogue."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import typer

from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.options import Config, Home, configuration
from fondaco.cli.progress import busy

if TYPE_CHECKING:
    from fondaco.stores.server_lock import ServerState

_LONGEST_S = 20.0
"""For a server to start, read the configuration and apply it."""
_LOOK_S = 0.02


class Answer(Enum):
    """Outcomes of a request to reload, each with its sentence."""

    NO_SERVER = "No server runs on the home folder {folder}."
    LOADED = "The running server (pid {pid}) has reloaded its configuration."
    REFUSED = (
        "The running server (pid {pid}) rejected the configuration and keeps the old one. Its "
        "log has the reason."
    )
    SILENT = (
        "The running server (pid {pid}) did not reload its configuration in time. See its log, or "
        "restart it."
    )
    NEVER = (
        "The running server (pid {pid}) cannot reload under this ASGI server. Restart it to apply "
        "the configuration."
    )
    ELSEWHERE = (
        "A server in another container runs on the home folder {folder}. Run `fondaco reload` "
        "there, or restart it."
    )
    FORBIDDEN = (
        "The running server (pid {pid}) belongs to another user. Run `fondaco reload` as that user."
    )


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and the server that gave it."""

    answer: Answer
    folder: Path
    pid: int = 0
    stale: tuple[str, ...] = ()
    """Tables with changes that take effect after a restart alone."""

    def __str__(self) -> str:
        said = self.answer.value.format(pid=self.pid, folder=repr(str(self.folder)))
        if not self.stale:
            return said
        tables = ", ".join(f"[{name}]" for name in self.stale)
        return f"{said} Restart it to apply the changes in {tables}; its log names the settings."


def reload(*, home: Home = None, config: Config = None) -> None:
    """Reload the configuration of a running server.

    SIGHUP has the same effect.
    """
    folder = configuration(home, config).settings.home
    with busy("Reloading the configuration"):
        told = told_to_reload(folder)
    if told.answer is not Answer.LOADED:
        code = Exit.CONFIGURATION if told.answer is Answer.REFUSED else Exit.FAILED
        raise FailedError(str(told), code)
    typer.echo(str(told))


def reload_if_running(folder: Path) -> None:
    """Have a running server load what a command has changed, and say so; say nothing if none runs."""
    with busy("The running server reloads its configuration"):
        told = told_to_reload(folder)
    if told.answer is not Answer.NO_SERVER:
        typer.echo(str(told), err=True)


def told_to_reload(folder: Path) -> Told:
    """Tell the server of a home to reload, and wait until it has.

    A reload that had begun before may have read the configuration too early: the one after it counts.
    """
    import signal

    from fondaco.stores.server_lock import Reloads

    deadline = monotonic() + _LONGEST_S
    state = server_state(folder)
    while state is not None and state.reloads is Reloads.STARTING and monotonic() < deadline:
        sleep(_LOOK_S)
        state = server_state(folder)
    if state is None:
        return Told(Answer.NO_SERVER, folder)
    if not state.is_here:
        return Told(Answer.ELSEWHERE, folder)
    if state.reloads is Reloads.NEVER:
        return Told(Answer.NEVER, folder, state.pid)
    if fault := signalled(state.pid, signal.SIGHUP):
        return Told(fault, folder, state.pid)
    return _awaited(folder, state, deadline)


def signalled(pid: int, number: int) -> Answer | None:
    """Send a signal to a server; return why that could not be."""
    import os

    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return Answer.NO_SERVER
    except PermissionError:
        return Answer.FORBIDDEN
    return None


def _awaited(folder: Path, before: "ServerState", deadline: float) -> Told:
    while monotonic() < deadline:
        state = server_state(folder)
        if state is None or state.pid != before.pid:
            return Told(Answer.NO_SERVER, folder)
        if state.ended > before.begun:
            answer = Answer.REFUSED if state.refused else Answer.LOADED
            return Told(answer, folder, state.pid, state.stale)
        sleep(_LOOK_S)
    return Told(Answer.SILENT, folder, before.pid)


def server_state(folder: Path) -> "ServerState | None":
    """Return the state of the server that runs on a home; None: none runs.

    Raises:
        FailedError: it cannot be seen.
    """
    from fondaco.stores.server_lock import running_server

    try:
        return running_server(folder)
    except OSError as error:
        raise FailedError(
            f"The lock of the home folder {str(folder)!r} cannot be read: {error.strerror}.",
            Exit.HOME,
        ) from error
