"""A terminal of its own for a program: tmux, whose window has a size, takes keys and shows what it shows a person."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

DEADLINE_S = 120.0
"""For anything to happen; nothing depends on how soon it does."""
_LOOK_S = 0.05


@dataclass(frozen=True)
class Terminal:
    """A window with one program in it."""

    socket: Path

    def type(self, text: str, *keys: str) -> None:
        """Type a text, then press keys by tmux's names for them, such as `Enter` and `C-c`."""
        if text:
            self._tmux("send-keys", "-l", "--", text)
        if keys:
            self._tmux("send-keys", *keys)

    def paste(self, text: str) -> None:
        """Paste a text as terminals do, in brackets where the program asks for that."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-p")

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the window."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    @property
    def screen(self) -> str:
        """What the window shows, and what has left it at the top; lines that the terminal broke are one."""
        return self._tmux("capture-pane", "-p", "-J", "-S", "-")

    @property
    def rows(self) -> list[str]:
        """The rows that the window shows, as they are."""
        return self._tmux("capture-pane", "-p").split("\n")

    @property
    def styled(self) -> str:
        """The same as `screen`, with escape sequences for the style of text."""
        return self._tmux("capture-pane", "-p", "-e", "-S", "-")

    @property
    def exit_code(self) -> int | None:
        """The exit code of the program; None: it runs, or tmux does not know yet how it ended.

        A pane is dead once its end is closed; tmux sometimes misses the signal that says so of the process, which
        then stays a zombie until the next one.
        """
        told = self._tmux("display-message", "-p", "#{pid} #{pane_dead} #{pane_dead_status}")
        server, is_dead, code = told.split(" ")
        if is_dead == "1" and not code:
            os.kill(int(server), signal.SIGCHLD)
        return int(code) if code else None

    def until(self, met: str | Callable[[str], object]) -> str:
        """Return the screen once it shows a text, or meets a condition."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            screen = self.screen
            if met in screen if isinstance(met, str) else met(screen):
                return screen
            assert time.monotonic() < deadline, f"{met!r} did not happen:\n{screen}"
            time.sleep(_LOOK_S)

    def ended(self) -> int:
        """Return the exit code of the program once it has ended."""
        self.until(lambda _: self.exit_code is not None)
        code = self.exit_code
        assert code is not None
        return code

    def _tmux(self, *arguments: str) -> str:
        ended = subprocess.run(
            ["tmux", "-S", str(self.socket), *arguments],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=True,
        )
        return ended.stdout.removesuffix("\n")


@contextmanager
def terminal(
    command: Sequence[str], environ: Mapping[str, str], *, columns: int = 80, rows: int = 24
) -> Iterator[Terminal]:
    """Run a command in a terminal of this size; its environment is this one and no more."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    shell = {"PATH": os.defpath, "LANG": "C.UTF-8"}
    with tempfile.TemporaryDirectory() as folder:  # a socket's path has to be short
        socket = Path(folder) / "tmux"
        pairs = [f"{name}={value}" for name, value in environ.items()]
        tmux = ("tmux", "-S", str(socket), "-f", os.devnull)
        options = ("set", "-g", "remain-on-exit", "on", ";", "set", "-g", "history-limit", "9999")
        size = ("-x", str(columns), "-y", str(rows))
        start = ("new-session", "-d", *size, "env", "TERM=screen-256color", *pairs, *command)
        subprocess.run(
            [*tmux, *options, ";", *start],
            env={**shell, **environ},
            timeout=DEADLINE_S,
            check=True,
        )
        one = Terminal(socket)
        try:
            yield one
        finally:
            subprocess.run([*tmux, "kill-server"], env=shell, timeout=DEADLINE_S, check=False)


def fondaco_on_terminal(*arguments: str) -> list[str]:
    """Return the command that runs the program."""
    return [sys.executable, "-m", "fondaco", *arguments]
