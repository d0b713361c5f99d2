"""The schema of the configuration: every setting, derived from the settings' classes."""

import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from fondaco.sections import FOR_ALL, Section
from fondaco.settings import Settings

KeyPath: TypeAlias = tuple[str, ...]
"""The path of a setting, such as `("server", "port")`; in a schema `*` stands for any name."""

ANY = "*"
_BARE = re.compile(r"[A-Za-z0-9_-]+")
"""A name that TOML takes without quotes."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One key that may be set."""

    path: KeyPath
    description: str
    kind: str
    """Description of the accepted values."""
    default: object
    """`REQUIRED` where there is none."""
    listed: bool
    """Whether it takes several values."""
    private: bool
    """Whether its value is never shown in a message."""


FOLDERS: Mapping[KeyPath, Path] = {
    ("home",): Path("~/.local/share/fondaco"),
    ("models_folder",): Path("~/.cache/fondaco/models"),
}
"""Defaults that follow the desktop's conventions, as they are where no `XDG_` variable is set."""

REQUIRED = object()
"""The default of a setting that has none."""


@cache
def settings_table() -> Mapping[KeyPath, Setting]:
    """Return every setting by its path, in the order of the documentation."""
    return {setting.path: setting for setting in _settings(Settings, ())}


def find(path: KeyPath) -> Setting | None:
    """Return the setting at a path with real names in it, or None."""
    table = settings_table()
    for places in _name_places().get(len(path), ()):
        known = tuple(ANY if place in places else part for place, part in enumerate(path))
        if known in table:
            return table[known]
    return None


def nearest(path: KeyPath) -> str | None:
    """Return the known key that an unknown one most likely means, or None.

    A key of the same table comes first, then one of the same name in another table.
    """
    *table, name = path
    siblings = {
        setting_path[len(table)]
        for setting_path in settings_table()
        if _within(setting_path, tuple(table))
    }
    if near := get_close_matches(name, sorted(siblings - {ANY}), n=1, cutoff=0.6):
        return dotted((*table, near[0]))
    for setting_path in settings_table():
        if setting_path[-1] == name and ANY not in setting_path:
            return dotted(setting_path)
    return None


@cache
def _name_places() -> Mapping[int, Sequence[frozenset[int]]]:
    """Return, by the length of a path, where its `*` may be; a start looks up each setting several times."""
    found: dict[int, set[frozenset[int]]] = {}
    for path in settings_table():
        places = frozenset(place for place, part in enumerate(path) if part == ANY)
        found.setdefault(len(path), set()).add(places)
    return {length: sorted(places, key=sorted) for length, places in found.items()}


def _within(setting_path: KeyPath, table: KeyPath) -> bool:
    return len(setting_path) > len(table) and all(
        a in (ANY, b) for a, b in zip(setting_path, table, strict=False)
    )


def dotted(path: KeyPath) -> str:
    """Return a path as TOML spells it.

    >>> dotted(("models", "qwen2.5", "price"))
    'models."qwen2.5".price'
    """
    return ".".join(part if _BARE.fullmatch(part) else f'"{part}"' for part in path)


def variable(path: KeyPath) -> str:
    """Return the environment variable that sets a path.

    >>> variable(("server", "port"))
    'FONDACO_SERVER__PORT'
    """
    match path:
        case ("home",):
            return "FONDACO_HOME"
        case ("models_folder",):
            return "FONDACO_MODELS"
    return "FONDACO_" + "__".join(map(environment_name, path))


def environment_name(name: str) -> str:
    """Return a name in the letters that environment variables may have.

    >>> environment_name("smollm2-135m")
    'SMOLLM2_135M'
    """
    return "".join(c if c.isalnum() else "_" for c in name).upper()


def _settings(section: type[Section], above: KeyPath) -> Iterator[Setting]:
    for name, field in section.model_fields.items():
        yield from _setting(field, field.annotation, (*above, name))


def _setting(field: FieldInfo, annotation: object, path: KeyPath) -> Iterator[Setting]:
    if (optional := _optional_section(annotation)) is not None:
        annotation = optional
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield from _settings(annotation, path)
    elif get_origin(annotation) is dict:
        if FOR_ALL in field.metadata and path[-1] != ANY:
            for alone in _setting(field, get_args(annotation)[1], path):
                yield replace(alone, default=None)
        yield from _setting(field, get_args(annotation)[1], (*path, ANY))
    else:
        default = field.default
        if default is PydanticUndefined:
            default = FOLDERS.get(path, REQUIRED)
        yield Setting(
            path,
            description=field.description or "",
            kind=_kind(annotation),
            default=default,
            listed=get_origin(annotation) is tuple,
            private=not field.repr,
        )


def _optional_section(annotation: object) -> object | None:
    """Return the table of an optional annotation; None for other annotations."""
    match get_args(annotation):
        case (type() as section, none) if none is type(None) and issubclass(section, Section):
            return section
    return None


_WORDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "Decimal": "amount",
    "Path": "folder",
    "date": "date",
}


def _kind(annotation: object) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in arguments)
    if origin is tuple:
        return f"list of {_kind(arguments[0])}s"
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(part) for part in arguments if part is not type(None))
    if isinstance(annotation, type) and hasattr(annotation, "__members__"):
        return " or ".join(f"`{member}`" for member in annotation.__members__.values())
    return _WORDS[annotation.__name__] if isinstance(annotation, type) else str(annotation)
