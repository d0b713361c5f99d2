"""Progress of long work on the terminal: bars, and a spinner where there is no measure."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import TYPE_CHECKING, TypeAlias

import typer

from fondaco.cli.output import printable

if TYPE_CHECKING:
    from rich import progress as rich_progress

Progress: TypeAlias = Callable[[int, int | None], None]
"""Takes bytes so far and bytes in all, where they are known."""

_STEP_PERCENT = 10
_SMALL_BYTES = 5_000_000
_PATIENCE_S = 1.0
"""Work that is done sooner shows nothing."""
_BAR_COLUMNS = 20
"""Narrow enough for a line of 60 columns with what it measures."""


@dataclass(frozen=True, slots=True)
class _Task:
    bar: "rich_progress.Progress"
    number: "rich_progress.TaskID"


@dataclass(frozen=True, slots=True)
class ShareBar:
    """A bar of the share of some work that is done; it shows nothing off a terminal."""

    task: _Task | None

    def __call__(self, share: float) -> None:
        """Show the share that is done, 0 to 1."""
        if self.task is not None:
            self.task.bar.update(self.task.number, completed=100 * share, total=100)

    def wait(self, what: str) -> None:
        """Show what is done now, of which the share is not known."""
        if self.task is not None:
            self.task.bar.update(self.task.number, description=printable(what), total=None)

    def say(self, what: str) -> None:
        """Show what is done now."""
        if self.task is not None:
            self.task.bar.update(self.task.number, description=printable(what))


@contextmanager
def progress(what: str, *, bar: bool = True, lines: bool = True) -> Iterator[Progress]:
    """Show the progress of work that is counted in bytes.

    Args:
        what: the work, as "Downloading x".
        bar: whether a terminal shows a bar.
        lines: whether a line is printed now and then where there is no bar.
    """
    if bar and sys.stderr.isatty():
        with _bar(what) as advance:
            yield advance
    else:
        yield _Lines(what) if lines else _silent


@contextmanager
def share_bar(what: str) -> Iterator[ShareBar]:
    """Show on a terminal which share of some work is done."""
    if not sys.stderr.isatty():
        yield ShareBar(None)
        return
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("{task.description}", markup=False),
        rich.BarColumn(_BAR_COLUMNS),
        rich.TaskProgressColumn(),
        rich.TimeElapsedColumn(),
    )
    with rich.Progress(
        *columns, console=Console(stderr=True), redirect_stdout=sys.stdout.isatty(), transient=True
    ) as bar:
        yield ShareBar(_Task(bar, bar.add_task(printable(what), total=None)))


@contextmanager
def busy(what: str, *, patience_s: float | None = None) -> Iterator[None]:
    """Show on a terminal that work without a measure goes on, once it has taken a second, or so many.

    Nothing else may write to the terminal meanwhile.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.markup import escape

    status = Console(stderr=True).status(escape(printable(f"{what} ...")))
    waiting = Timer(_PATIENCE_S if patience_s is None else patience_s, status.start)
    waiting.daemon = True
    waiting.start()
    try:
        yield
    finally:
        waiting.cancel()
        waiting.join()
        status.stop()


def _silent(_done: int, _total: int | None) -> None:
    """Show nothing."""


class _Lines:
    """Progress as plain lines, one for each tenth; what is small is done before anyone reads of it."""

    def __init__(self, what: str) -> None:
        self._what = printable(what)
        self._next_percent = 0

    def __call__(self, done: int, total: int | None) -> None:
        if total is not None and total < _SMALL_BYTES:
            return
        percent = 100 * done // total if total else 0
        if percent >= self._next_percent:
            self._next_percent = percent - percent % _STEP_PERCENT + _STEP_PERCENT
            share = f" ({percent} %)" if total else ""
            typer.echo(f"{self._what}: {done / 1e6:.0f} MB{share}", err=True)


@contextmanager
def _bar(what: str) -> Iterator[Progress]:
    from rich import progress as rich

    columns = (
        rich.TextColumn("{task.description}", markup=False),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
    )
    from rich.console import Console

    # Without a terminal on stdout, its lines have to stay there instead of appearing above the bar.
    console, above = Console(stderr=True), sys.stdout.isatty()
    with rich.Progress(*columns, console=console, redirect_stdout=above) as bar:
        task = bar.add_task(printable(what), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
