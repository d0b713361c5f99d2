"""The live line of `fondaco serve`, on a real terminal: tmux."""

import io
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.from_thread
import httpx2
import pytest

from cli_program import Fondaco
from fondaco.cli.running.live import (
    LiveRates,
    LiveTerminal,
    ShownDownloads,
    live_terminal,
    watch,
)
from fondaco.domain.money.usage import Usage
from fondaco.serving.metrics import Metrics
from program import until

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
LINE = re.compile(r"^\d+ calls? running · \d+ a minute · [\d.]+ tokens/s", re.MULTILINE)

NARROW = re.compile(r"(?=.{1,29}$)\d calls running · \d+ a mi.*")


@dataclass
class Screen:
    """A terminal with a program on it."""

    socket: Path

    def tmux(self, *arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-S", str(self.socket), *arguments], capture_output=True, text=True, check=True
        ).stdout

    @property
    def text(self) -> str:
        return self.tmux("capture-pane", "-p", "-S", "-200", "-J")

    def shows(self, pattern: str, *, within_s: float = 90) -> str:
        """Wait until the screen shows a pattern, and return what matches."""
        found = until(lambda: re.search(pattern, self.text, re.MULTILINE), within_s=within_s)
        assert found is not None
        return found[0]


@contextmanager
def served(fondaco: Fondaco, tmp_path: Path, **environ: str) -> Iterator[Screen]:
    """Run a server on a terminal of 80 columns; the shell stays once it has ended."""
    screen = Screen(tmp_path / "tmux")
    settings = {"FONDACO_EMBEDDED__ENABLED": "false", "FONDACO_SERVER__DRAIN_DELAY_S": "0"}
    exports = fondaco.environ(**{**settings, **environ})
    kept = {k: v for k, v in exports.items() if k.startswith(("FONDACO_", "NO_COLOR", "PATH"))}
    kept |= {k: v for k, v in environ.items() if k == "TERM"}
    sets = " ".join(f"{name}={shlex.quote(value)}" for name, value in kept.items())
    serve = f"{sys.executable} -m fondaco serve --port 0 --access-log"
    command = f"trap : INT; env {sets} {serve}; echo ended $?; exec sleep 600"
    screen.tmux("-f", os.devnull, "new-session", "-d", "-x", "80", "-y", "24", command)
    try:
        yield screen
    finally:
        screen.tmux("kill-server")


@needs_tmux
def test_the_line_stays_last_follows_the_width_and_disappears(
    fondaco: Fondaco, tmp_path: Path
) -> None:
    fondaco("keys", "create")
    with served(fondaco, tmp_path) as screen:
        url = screen.shows(r"http://127\.0\.0\.1:\d+")
        screen.shows(LINE.pattern)
        for _ in range(3):
            assert httpx2.get(f"{url}/healthz").status_code == 200
        screen.shows(r"route=/healthz")
        until(lambda: screen.text.count("route=/healthz") == 3, within_s=30)
        screen.shows(r"^\d calls? running · [1-9]\d* a minute")
        lines = screen.text.rstrip("\n").splitlines()
        assert LINE.match(lines[-1])
        assert len(LINE.findall(screen.text)) == 1, screen.text
        screen.tmux("resize-window", "-x", "30", "-y", "24")
        until(lambda: NARROW.fullmatch(screen.text.rstrip("\n").splitlines()[-1]), within_s=30)
        screen.tmux("resize-window", "-x", "80", "-y", "24")
        screen.shows(LINE.pattern)
        assert screen.text.count("running ·") == 1, screen.text
        screen.tmux("send-keys", "C-c")
        screen.shows(r"ended 0$")
        assert LINE.search(screen.text) is None


@needs_tmux
def test_a_terminal_that_moves_no_cursor_gets_plain_lines(fondaco: Fondaco, tmp_path: Path) -> None:
    fondaco("keys", "create")
    with served(fondaco, tmp_path, TERM="dumb") as screen:
        url = screen.shows(r"http://127\.0\.0\.1:\d+")
        httpx2.get(f"{url}/healthz")
        screen.shows(r"route=/healthz")
        screen.tmux("send-keys", "C-c")
        screen.shows(r"ended 0$")
        assert "running ·" not in screen.text


@contextmanager
def terminal(*, colour: bool) -> Iterator[tuple[LiveTerminal, io.TextIOWrapper, int]]:
    ours, theirs = pty.openpty()
    try:
        with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123 (a descriptor)
            yield LiveTerminal(stream, colour=colour), stream, ours
    finally:
        os.close(ours)


def test_a_text_without_a_line_break_is_not_drawn_over() -> None:
    with terminal(colour=False) as (line, stream, ours):
        line.show("state")
        line.write(stream, "half")
        line.show("later")
        line.write(stream, " a line\n")
        expected = b"state\r\x1b[Khalf a line\r\nlater"
        assert b"".join(os.read(ours, 1) for _ in expected) == expected


def test_colour_is_left_out_where_it_is_not_wanted() -> None:
    for colour in (True, False):
        with terminal(colour=colour) as (line, _, ours):
            line.show("state")
            assert (os.read(ours, 1) == b"\x1b") == colour


def test_streams_that_are_no_terminals_stay_as_they_are() -> None:
    before = sys.stdout, sys.stderr
    with live_terminal({"TERM": "xterm"}) as none:
        assert none is None
        assert (sys.stdout, sys.stderr) == before


async def test_a_terminal_that_takes_nothing_more_does_not_hold_up_the_server() -> None:
    begun, freed = anyio.Event(), threading.Event()

    class Stopped(LiveTerminal):
        def show(self, line: str) -> None:
            assert line
            anyio.from_thread.run_sync(begun.set)
            freed.wait()

    terminal = Stopped(sys.stderr, colour=False)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch, terminal, ShownDownloads(), Metrics(), list, lambda: 0.0)
        await begun.wait()
        freed.set()
        tasks.cancel_scope.cancel()


def test_rates_are_those_of_the_last_seconds() -> None:
    metrics, times = Metrics(), iter([0.0, 5.0, 10.0, 30.0, 60.0])
    rates = LiveRates(metrics, lambda: next(times))
    for _ in range(10):
        metrics.replied("/x", 200, 0.1)
    metrics.consumed("m", Usage(100, 0, 50, 0))
    metrics.running = 1
    assert rates.line() == "1 call running · 120 a minute · 10.0 tokens/s"
    metrics.running = 2
    assert rates.line("downloading m 3 %").endswith(
        "60 a minute · 5.0 tokens/s · downloading m 3 %"
    )
    assert rates.line() == "2 calls running · 0 a minute · 0.0 tokens/s"
    assert rates.line("downloading m", ["a", "b"]).endswith("· loading a, b · downloading m")


def test_downloads_are_named_while_they_go_on() -> None:
    downloads = ShownDownloads()
    with downloads.of("a") as advance, downloads.of("b"):
        advance(10, 40)
        assert str(downloads) == "downloading a 25 %, downloading b"
    assert str(downloads) == ""
