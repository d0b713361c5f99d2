"""Writes the configuration as TOML: the values in force, and a starter file."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from fondaco.configuration.schema import ANY, REQUIRED, KeyPath, Setting, dotted, settings_table
from fondaco.sections import Section
from fondaco.settings import Settings

_EXAMPLES = {
    "engines": "vllm",
    "models": "my-model",
    "aliases": "gpt-4o",
    "tiers": "friends",
    "stake": "*",
}
"""Table -> a name in it."""


def values(settings: Settings) -> dict[KeyPath, object]:
    """Return every value in force by its path; empty tables have none."""
    return dict(_values(settings, ()))


def as_toml(
    settings: Settings,
    origin: Callable[[KeyPath], str] | None = None,
    shown: Callable[[KeyPath, object], object] = lambda _, value: value,
) -> str:
    """Return the configuration in force as TOML, each value as `shown`, with its origin where asked."""
    rows = (
        (path, shown(path, value)) for path, value in _values(settings, ()) if value is not None
    )
    blocks = []
    for table, entries in groupby(rows, key=lambda row: row[0][:-1]):
        lines = [f"[{dotted(table)}]"] if table else []
        for path, value in entries:
            comment = f"  # {origin(path)}" if origin else ""
            lines.append(f"{dotted(path[-1:])} = {literal(value)}{comment}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def template(*, everything: bool) -> str:
    """Return a file to start from: all of it comments, so that the defaults stay in force.

    `everything` also shows the tables of engines, models and aliases.
    """
    blocks = ["# Fondaco's configuration. What is commented out shows the default."]
    shown = (
        setting
        for setting in settings_table().values()
        if setting.path != ("home",) and (everything or ANY not in setting.path)
    )
    by_table: dict[KeyPath, list[Setting]] = {}
    for setting in shown:
        by_table.setdefault(setting.path[:-1], []).append(setting)
    for table, settings in by_table.items():
        example = any(ANY in setting.path for setting in settings)
        lines = [f"# [{dotted(_example(table))}]" if example else f"[{dotted(table)}]"]
        lines = lines if table else []
        for setting in settings:
            lines += [f"# {setting.description}", f"# {_assignment(setting)}"]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def tables_as_toml(tables: Mapping[str, object]) -> str:
    """Return tables within tables as TOML; values that are None are left out.

    >>> print(tables_as_toml({"models": {"a.b": {"name": "A", "price": {"input": 1}}}}), end="")
    [models."a.b"]
    name = "A"
    <BLANKLINE>
    [models."a.b".price]
    input = 1
    """
    return "\n\n".join(_blocks(tables, ())) + "\n"


def literal(value: object) -> str:
    """Return a value as TOML writes it.

    >>> literal(("a", "b")), literal(Decimal("0.05")), literal(True)
    ('["a", "b"]', '0.05', 'true')
    """
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case tuple() | list():
            return f"[{', '.join(map(literal, value))}]"
        case str() | Path():
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    raise TypeError(f"{value!r} is not a valid value of a setting.")


def _blocks(table: Mapping[str, object], path: KeyPath) -> Iterator[str]:
    plain = {k: v for k, v in table.items() if v is not None and not isinstance(v, Mapping)}
    below = {k: v for k, v in table.items() if isinstance(v, Mapping)}
    lines = [f"{dotted((key,))} = {literal(value)}" for key, value in plain.items()]
    if path and (plain or not below):
        lines.insert(0, f"[{dotted(path)}]")
    if lines:
        yield "\n".join(lines)
    for key, value in below.items():
        yield from _blocks(value, (*path, key))


def _values(section: Section, above: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    # Plain keys come first: in TOML, keys after a table header belong to that table.
    for name, value in sorted(section, key=lambda field: isinstance(field[1], Section | dict)):
        yield from _value(value, (*above, name))


def _value(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    match value:
        case Section():
            yield from _values(value, path)
        case Mapping():
            for name, below in value.items():
                yield from _value(below, (*path, str(name)))
        case _:
            yield path, value


def _example(path: KeyPath) -> KeyPath:
    parts: list[str] = []
    for part in path:
        parts.append(_EXAMPLES.get(parts[-1], "NAME") if part == ANY else part)
    return tuple(parts)


def _assignment(setting: Setting) -> str:
    name = dotted(_example(setting.path)[-1:])
    if setting.default is REQUIRED or setting.default is None:
        return f"{name} = ..."
    return f"{name} = {literal(setting.default)}"
