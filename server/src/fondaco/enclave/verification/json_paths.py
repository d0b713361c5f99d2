"""Values of JSON that strangers sent, by their paths."""

from collections.abc import Mapping, Sequence
from typing import Any


def at(value: object, *path: str) -> Any:
    """Return the value at a path; None: nothing."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def text(value: object, *path: str) -> str:
    """Return the text at a path; empty: there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def entries(value: object, *path: str) -> Sequence[object]:
    """Return the list at a path; empty: there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else ()


def is_integer(value: object) -> bool:
    """Return whether a value is an integer, which True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool)
