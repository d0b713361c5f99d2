"""The live line of `fondaco serve`: the last line of a terminal, which log lines push down.

Everything that is written goes through one terminal: it erases the line, writes, and draws the line again
once the text ends with a line break.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TextIO

import anyio
import anyio.to_thread

from fondaco.serving.metrics import Metrics

_EVERY_S: Final = 0.5
_WINDOW_S: Final = 10.0
"""Over which rates are averaged."""
_USUAL_COLUMNS: Final = 80
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class LiveTerminal:
    """A terminal whose last line shows the state of things."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        """Draw on a stream that is a terminal."""
        self._stream = stream
        self._colour = colour
        self._lock = threading.RLock()
        self._line = ""
        self._drawn = 0
        """Columns that the line takes on the screen; 0: it is not there."""
        self._at_start = True

    def show(self, line: str) -> None:
        """Draw another line in place of the last one; an empty one takes it away."""
        with self._lock:
            self._line = line
            self._redraw()

    def write(self, stream: TextIO, text: str) -> int:
        """Write a text above the line."""
        with self._lock:
            self._put(self._erasing())
            written = stream.write(text)
            stream.flush()
            if text:
                self._at_start = text.endswith("\n")
            self._redraw()
            return written

    def _redraw(self) -> None:
        erasing = self._erasing()
        if not self._line or not self._at_start:
            self._put(erasing)
            return
        shown = self._line[: self._columns() - 1]
        self._drawn = len(shown)
        self._put(erasing + (f"{_DIM}{shown}{_PLAIN}" if self._colour else shown))

    def _erasing(self) -> str:
        """Return what erases the line; a narrower terminal has broken it into several rows."""
        if not self._drawn:
            return ""
        above = (self._drawn - 1) // self._columns()
        self._drawn = 0
        # Erasing from the first row on, tmux keeps what was there; so no more is erased than is needed.
        return f"\r\x1b[{above}A\x1b[J" if above else "\r\x1b[K"

    def _columns(self) -> int:
        try:
            known = os.get_terminal_size(self._stream.fileno()).columns
        except OSError:
            known = 0
        return max(known or _USUAL_COLUMNS, 2)

    def _put(self, text: str) -> None:
        if text:
            with suppress(OSError, ValueError):  # the terminal is gone
                self._stream.write(text)
                self._stream.flush()


class _Above:
    """A standard stream that writes above the live line."""

    def __init__(self, stream: TextIO, terminal: LiveTerminal) -> None:
        self._stream = stream
        self._terminal = terminal

    def write(self, text: str) -> int:
        return self._terminal.write(self._stream, text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def live_terminal(environ: Mapping[str, str]) -> Iterator[LiveTerminal | None]:
    """Take over both standard streams within this context, where they are terminals that can move a cursor."""
    before = sys.stdout, sys.stderr
    is_dumb = environ.get("TERM", "dumb") == "dumb"
    if is_dumb or not (before[0].isatty() and before[1].isatty()):
        yield None
        return
    terminal = LiveTerminal(before[1], colour=not environ.get("NO_COLOR"))
    sys.stdout = _Above(before[0], terminal)
    sys.stderr = _Above(before[1], terminal)
    try:
        yield terminal
    finally:
        terminal.show("")
        sys.stdout, sys.stderr = before


class ShownDownloads:
    """Downloads in progress, for the line to show."""

    def __init__(self) -> None:
        self._percents: dict[str, int | None] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[Callable[[int, int | None], None]]:
        """Follow a download within this context; the callback takes bytes so far, and in all."""

        def advance(done: int, total: int | None) -> None:
            self._percents[name] = 100 * done // total if total else None

        self._percents[name] = None
        try:
            yield advance
        finally:
            del self._percents[name]

    def __str__(self) -> str:
        """Return them as a part of the line."""
        return ", ".join(
            f"downloading {name}" + ("" if percent is None else f" {percent} %")
            for name, percent in list(self._percents.items())
        )


class LiveRates:
    """Replies a minute and tokens a second over the last seconds."""

    def __init__(self, metrics: Metrics, monotonic: Callable[[], float]) -> None:
        self._metrics = metrics
        self._monotonic = monotonic
        self._seen: deque[tuple[float, int, int]] = deque([self._counts()])

    def line(self, downloads: str = "", loading: Sequence[str] = ()) -> str:
        """Return the line for now."""
        now, replies, tokens = counts = self._counts()
        self._seen.append(counts)
        while len(self._seen) > 2 and now - self._seen[1][0] >= _WINDOW_S:  # noqa: PLR2004 (both ends)
            self._seen.popleft()
        then, replies_then, tokens_then = self._seen[0]
        seconds = max(now - then, 0.001)
        running = self._metrics.running
        parts = [
            f"{running} {'call' if running == 1 else 'calls'} running",
            f"{60 * (replies - replies_then) / seconds:.0f} a minute",
            f"{(tokens - tokens_then) / seconds:.1f} tokens/s",
            *([f"loading {', '.join(loading)}"] if loading else []),
            *([downloads] if downloads else []),
        ]
        return " · ".join(parts)

    def _counts(self) -> tuple[float, int, int]:
        tokens = self._metrics.tokens
        output = sum(count for (_, kind), count in tokens.items() if kind == "output")
        return self._monotonic(), sum(self._metrics.replies.values()), output


async def watch(
    terminal: LiveTerminal,
    downloads: ShownDownloads,
    metrics: Metrics,
    loading: Callable[[], Sequence[str]],
    monotonic: Callable[[], float],
) -> None:
    """Draw the line again and again, until cancelled; `loading` returns the models that are being loaded.

    It is drawn on a thread: a terminal that is stopped, or whose connection is gone, takes nothing more, and
    the server has to answer all the same.
    """
    rates = LiveRates(metrics, monotonic)
    while True:
        line = rates.line(str(downloads), loading())
        await anyio.to_thread.run_sync(terminal.show, line, abandon_on_cancel=True)
        await anyio.sleep(_EVERY_S)
