"""Output: tables on a terminal, JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from shutil import get_terminal_size
from textwrap import fill, wrap
from typing import TextIO, TypeAlias

import typer

from fondaco.environment import environment

Row: TypeAlias = Mapping[str, object]

_GAP = "  "
_NARROWEST = 16
"""Columns for a value, however narrow the terminal."""


def print_json(value: object) -> None:
    """Print a value as JSON; amounts of money and dates as text, and escaped what could steer a terminal."""
    written = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    typer.echo(written.translate(_ESCAPES))


def printable(text: str) -> str:
    r"""Return a text in which what could steer a terminal is shown as a blank; it keeps its lines.

    >>> printable("404 \x1b[2JGone")
    '404  [2JGone'
    """
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text)


_FIRST_UNESCAPED = 32
_KEPT = {"\n", "\t"}
_STEERING = dict.fromkeys(
    (
        *(n for n in (*range(32), *range(127, 160)) if chr(n) not in _KEPT),
        *(1564, 8206, 8207, *range(8234, 8239), *range(8294, 8298)),
        *range(55296, 57344),
    )
)
"""Control characters, those that reorder text, and halves of characters, which no output takes."""
_ESCAPES = {number: f"\\u{number:04x}" for number in _STEERING if number >= _FIRST_UNESCAPED}
"""Those that JSON leaves as they are: within its texts they may stand as escapes, and nowhere else they stand."""


def without_controls(text: str) -> str:
    r"""Return a text of many lines without what could steer a terminal, or show it in another order.

    Line breaks and tabs stay, and so do joiners, which scripts and emoji need.

    >>> without_controls("a\tb\r\n\x1b]0;title\x07\u202ec")
    'a\tb\n]0;titlec'
    """
    return text.translate(_STEERING)


def is_styled(stream: TextIO) -> bool:
    """Whether a stream is a terminal that takes colours, and nobody asked for none.

    Source: no-color.org.
    """
    environ = environment()
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


@dataclass(frozen=True, slots=True)
class Table:
    """Layout of rows for people; programs get them whole, as JSON."""

    empty: str
    """Said where there are no rows."""
    optional: tuple[str, ...] = ()
    """Columns that a narrow terminal goes without, as many as need be, the first named first."""
    flexible: str = ""
    """The column whose cells are cut with an ellipsis where they don't fit: no one copies them."""
    headings: Mapping[str, str] = field(default_factory=dict)
    """Shorter headings than the names of the columns."""


def print_rows(
    rows: Sequence[Row], table: Table, *, as_json: bool = False, wide: bool = False
) -> None:
    """Print rows as a table that fits the terminal, or 80 columns where there is none; or as a JSON list.

    `wide` prints every cell whole whatever the terminal. A terminal that is too narrow for the columns
    that a row is known by gets a block of lines for each row. No cell but a flexible one is ever cut.
    """
    if as_json:
        print_json(list(rows))
    elif not rows:
        typer.echo(table.empty)
    elif wide:
        _columns(_headed(rows, table, list(rows[0])))
    else:
        _fitted(rows, table, get_terminal_size().columns)


def print_row(row: Row, *, as_json: bool) -> None:
    """Print one thing: a line for each of its properties, or a JSON object."""
    if as_json:
        print_json(row)
        return
    width = max(map(len, row))
    for name, value in row.items():
        # An instruction of a character may have several lines.
        lines = "\n".join(map(_cell, _shown(value).split("\n")))
        typer.echo(f"{name:<{width}}{_GAP}{lines}")


def _fitted(rows: Sequence[Row], table: Table, columns: int) -> None:
    names, left_out = list(rows[0]), list[str]()
    waiting = [name for name in table.optional if name in names]
    while _least_width(rows, table, names) > columns and waiting:
        left_out.append(waiting.pop(0))
        names.remove(left_out[-1])
    if _least_width(rows, table, names) > columns and sys.stdout.isatty():
        _blocks(rows, columns)
        return
    shown = [{name: _cell(row[name]) for name in names} for row in rows]
    is_cut = False
    if table.flexible in names:
        rest = [name for name in names if name != table.flexible]
        room = max(columns - _width(rows, table, rest) - len(_GAP), _NARROWEST)
        for row in shown:
            whole = row[table.flexible]
            row[table.flexible] = _cut(whole, room)
            is_cut = is_cut or row[table.flexible] != whole
    _columns(_headed(shown, table, names))
    if left_out or is_cut:
        hidden = f"Not shown: {', '.join(left_out)}. " if left_out else ""
        note = f"{hidden}--wide or --json shows all."
        typer.echo(fill(note, columns, break_long_words=False), err=True)


def _headed(rows: Sequence[Row], table: Table, names: Sequence[str]) -> list[Row]:
    """Return rows with these columns alone, by their headings."""
    return [{table.headings.get(name, name): row[name] for name in names} for row in rows]


def _least_width(rows: Sequence[Row], table: Table, names: Sequence[str]) -> int:
    """Return how many columns of a terminal a table takes once its flexible column is cut."""
    if table.flexible not in names:
        return _width(rows, table, names)
    rest = [name for name in names if name != table.flexible]
    whole = _width(rows, table, [table.flexible])
    return _width(rows, table, rest) + len(_GAP) + min(whole, _NARROWEST)


def _width(rows: Sequence[Row], table: Table, names: Sequence[str]) -> int:
    """Return how many columns of a terminal whole cells take."""
    cells = (
        max(
            _cells_of(table.headings.get(name, name)),
            *(_cells_of(_cell(row[name])) for row in rows),
        )
        for name in names
    )
    return sum(cells) + len(_GAP) * (len(names) - 1)


def _cut(text: str, columns: int) -> str:
    """Return a text in so many columns of a terminal, with an ellipsis where something is cut off."""
    if _cells_of(text) <= columns:
        return text
    kept = text
    while kept and _cells_of(kept) >= columns:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def _blocks(rows: Sequence[Row], columns: int) -> None:
    """Print the rows one below the other, long texts broken between words."""
    width = max(map(len, rows[0])) + len(_GAP)
    for number, row in enumerate(rows):
        if number:
            typer.echo()
        for name, value in row.items():
            lines = wrap(
                _cell(value),
                max(columns - width, _NARROWEST),
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line_name, line in zip_longest([name], lines, fillvalue=""):
                typer.echo(f"{line_name:<{width}}{line}".rstrip())


def _cells_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: some signs take two, some none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _columns(rows: Sequence[Row]) -> None:
    """Print aligned columns without colour or wrapping."""
    cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(_cells_of, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (
            cell + " " * (width - _cells_of(cell)) for cell, width in zip(line, widths, strict=True)
        )
        typer.echo(_GAP.join(padded).rstrip())


def _cell(value: object) -> str:
    """Return a value in one line."""
    return printable(_shown(value)).replace("\n", " ")


def _shown(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "-"
    return str(value)
