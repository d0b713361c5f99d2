"""Output: tables for people, JSON for programs, progress for those who wait."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import typer

Row: TypeAlias = Mapping[str, object]
Progress: TypeAlias = Callable[[int, int | None], None]
"""Takes bytes so far and bytes in all, where they are known."""

_STEP_PERCENT = 10


def print_json(value: object) -> None:
    """Print a value as JSON; amounts of money and dates as text."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_rows(rows: Sequence[Row], *, as_json: bool, empty: str) -> None:
    """Print rows as a table, or as a JSON list; `empty` is said where there are none."""
    if as_json:
        print_json(list(rows))
    elif not rows:
        typer.echo(empty)
    elif sys.stdout.isatty():
        _table(rows)
    else:
        _columns(rows)


def print_row(row: Row, *, as_json: bool) -> None:
    """Print one thing: a line for each of its properties, or a JSON object."""
    if as_json:
        print_json(row)
        return
    width = max(map(len, row))
    for name, value in row.items():
        typer.echo(f"{name:<{width}}  {_cell(value)}")


@contextmanager
def progress(what: str, *, bar: bool = True) -> Iterator[Progress]:
    """Show how a download gets on: a `bar` on a terminal, else a line now and then."""
    if bar and sys.stderr.isatty():
        with _bar(what) as advance:
            yield advance
    else:
        yield _Lines(what)


class _Lines:
    """Progress as plain lines, one for each tenth."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._next_percent = 0

    def __call__(self, done: int, total: int | None) -> None:
        percent = 100 * done // total if total else 0
        if percent >= self._next_percent:
            self._next_percent = percent - percent % _STEP_PERCENT + _STEP_PERCENT
            share = f" ({percent} %)" if total else ""
            typer.echo(f"{self._what}: {done / 1e6:.0f} MB{share}", err=True)


@contextmanager
def _bar(what: str) -> Iterator[Progress]:
    from rich import progress as rich

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
    )
    from rich.console import Console

    with rich.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _table(rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    Console().print(table)


def _columns(rows: Sequence[Row]) -> None:
    """Print aligned columns without colour or wrapping, for pipes."""
    cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "-"
    return str(value)
