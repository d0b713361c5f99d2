"""Detects names with dots that a TOML file leaves unquoted."""

from collections.abc import Iterator, Mapping

from fondaco.configuration.layers import Tree
from fondaco.configuration.schema import ANY, KeyPath, dotted, settings_table


def take_unquoted(tree: Tree) -> list[str]:
    """Return a line for each such name, and take it out of the tables.

    >>> take_unquoted({"aliases": {"gpt-4": {"1": "default"}}})
    ['aliases.gpt-4.1: a name with a dot needs quotes: aliases."gpt-4.1"']
    """
    faults = []
    for table in _tables():
        for path, entries in list(_found(tree, table)):
            for name in list(entries):
                below = (*table, ANY)
                whole = _whole(name, entries[name], below)
                if whole is None:
                    continue
                del entries[name]
                named = (*path, whole)
                faults.append(f"{'.'.join(named)}: a name with a dot needs quotes: {dotted(named)}")
    return faults


def _tables() -> list[KeyPath]:
    """Return the tables whose keys are names of the operator's own."""
    found = {
        path[:place]: None
        for path in settings_table()
        for place, part in enumerate(path)
        if part == ANY
    }
    return list(found)


def _found(tree: Mapping[str, object], table: KeyPath) -> Iterator[tuple[KeyPath, Tree]]:
    """Yield the tables of a kind that are there, with their paths."""
    at: list[tuple[KeyPath, object]] = [((), tree)]
    for part in table:
        at = [
            ((*path, name), value)
            for path, one in at
            if isinstance(one, dict)
            for name, value in one.items()
            if part in (ANY, name)
        ]
    for path, one in at:
        if isinstance(one, dict):
            yield path, one


def _whole(name: str, value: object, below: KeyPath) -> str | None:
    """Return the name that was split, or None where an entry is what it should be.

    Below the parts of a name is a table with settings. Without one, the key that is no setting is a misspelt setting.
    """
    keys = {path[len(below)] for path in settings_table() if _is_within(path, below)}
    parts = [name]
    while isinstance(value, dict) and len(value) > 0:
        unknown = [key for key in value if key not in keys]
        if not unknown or (keys and not isinstance(value[unknown[0]], dict)):
            break
        parts.append(unknown[0])
        value = value[unknown[0]]
    if keys and not (isinstance(value, dict) and any(key in keys for key in value)):
        return None
    return ".".join(parts) if len(parts) > 1 else None


def _is_within(path: KeyPath, table: KeyPath) -> bool:
    return len(path) > len(table) and path[: len(table)] == table
