"""Layers of the configuration: precedence, and the origin of each value."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

from fondaco.configuration.schema import (
    ANY,
    KeyPath,
    environment_name,
    find,
    settings_table,
    variable,
)
from fondaco.environment import ConfigurationError

Tree: TypeAlias = dict[str, object]
"""Tables within tables, as TOML has them."""

CONFIG_VARIABLE = "FONDACO_CONFIG"
DEFAULT = "default"
"""The origin of values that no source sets."""
_PREFIX = "FONDACO_"
_REFERENCE = re.compile(r"^env:(?P<name>.+)$")
_URL = r"(tcp|udp|sctp)://.+"
_KUBERNETES = tuple(
    (re.compile(rf"FONDACO_([A-Z0-9_]+_)?{name}"), re.compile(value))
    for name, value in (
        ("SERVICE_HOST", r"[0-9a-fA-F.:]+"),
        ("SERVICE_PORT(_[A-Z0-9_]+)?", r"\d+"),
        ("PORT", _URL),
        (r"PORT_\d+_(TCP|UDP|SCTP)", _URL),
        (r"PORT_\d+_(TCP|UDP|SCTP)_ADDR", r"[0-9a-fA-F.:]+"),
        (r"PORT_\d+_(TCP|UDP|SCTP)_PORT", r"\d+"),
        (r"PORT_\d+_(TCP|UDP|SCTP)_PROTO", "tcp|udp|sctp"),
    )
)
"""Name and value of the variables that Kubernetes sets in each container of a namespace, for each of
its Services: here those of Services named `fondaco` or `fondaco-...`.

Source: kubernetes.io, "Service", environment variables; Docker's links use the same names.
"""


@dataclass(slots=True)
class Layers:
    """The layers put in so far, the later over the earlier."""

    tree: Tree = field(default_factory=dict)
    origins: dict[KeyPath, str] = field(default_factory=dict)
    defaults: dict[KeyPath, object] = field(default_factory=dict)
    """Values of the program's own layers, whatever overrides them."""
    unsaid: dict[str, Path] = field(default_factory=dict)
    """Origins that, like defaults, no person wrote: files that commands wrote."""

    def lay(self, tree: Mapping[str, object], origin: str) -> None:
        """Lay tables over what is there: a table for a name changes only the keys it names."""
        for path, value in _leaves(tree):
            if origin == DEFAULT:
                self.defaults[path] = value
            # An empty table declares its name; it overrides no value.
            if value != {} or not self.names(path):
                self.put(path, value, origin)

    def put(self, path: KeyPath, value: object, origin: str) -> None:
        """Set one value."""
        table = self.tree
        for depth, part in enumerate(path[:-1], start=1):
            below = table.setdefault(part, {})
            if not isinstance(below, dict):
                self.origins.pop(path[:depth], None)
                below = table[part] = {}
            table = below
        if isinstance(table.get(path[-1]), dict):  # what was within it is gone
            self.origins = {k: v for k, v in self.origins.items() if k[: len(path)] != path}
        self.origins.pop(path, None)  # so that the latest is last
        self.origins[path] = origin
        table[path[-1]] = value

    def names(self, table: KeyPath) -> tuple[str, ...]:
        """Return the names that a table has so far."""
        value = self._value(table)
        return tuple(value) if isinstance(value, dict) else ()

    def is_set(self, path: KeyPath) -> bool:
        """Whether the operator changed the value at a path, or one within the table that is there."""
        return any(
            origin != DEFAULT
            and origin not in self.unsaid
            and known[: len(path)] == path
            and self._changed(known)
            for known, origin in self.origins.items()
        )

    def _changed(self, path: KeyPath) -> bool:
        setting = find(path)
        default = self.defaults.get(path, setting.default if setting else None)
        return self._value(path) != default

    def _value(self, path: KeyPath) -> object:
        value: object = self.tree
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value


def built_in(name: str) -> Tree:
    """Return the tables of a file that comes with the program."""
    return parsed((files("fondaco") / name).read_text(encoding="utf-8"))


def file(path: Path) -> Tree:
    """Return the tables of a TOML file.

    Raises:
        ConfigurationError: it cannot be read or is not TOML.
    """
    try:
        # Editors on Windows write a byte order mark.
        return parsed(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}.") from error


def lay_environment(layers: Layers, environ: Mapping[str, str]) -> list[str]:
    """Lay the variables `FONDACO_*` over the layers; return a line for each unknown one."""
    faults = []
    for name, text in sorted(environ.items()):
        if not name.startswith(_PREFIX) or name == CONFIG_VARIABLE:
            continue
        path = _path(name, layers)
        setting = path and find(path)
        if path and setting:
            value = [part.strip() for part in text.split(",") if part.strip()]
            layers.put(path, value if setting.listed else text, f"env {name}")
        elif not _foreign(name, text, layers):
            faults.append(f"env {name}: no such setting.{_hint(name)}")
    return faults


def parsed(text: str) -> Tree:
    """Return the tables of a TOML text.

    Raises:
        ValueError: it is none.
    """
    # Decimal, as amounts of money must not pass through a float.
    return tomllib.loads(text, parse_float=Decimal)


def _leaves(tree: Mapping[str, object], above: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    for name, value in tree.items():
        path = (*above, name)
        if isinstance(value, dict) and value:
            yield from _leaves(value, path)
        else:
            yield path, value


def _path(name: str, layers: Layers) -> KeyPath | None:
    for known in settings_table():
        if ANY not in known and variable(known) == name:
            return known
    parts = name.removeprefix(_PREFIX).split("__")
    candidates = (known for known in settings_table() if len(known) == len(parts) and ANY in known)
    for known in candidates:
        if all(a == ANY or a.upper() == b for a, b in zip(known, parts, strict=True)):
            return _named(known, parts, layers)
    return None


def _named(known: KeyPath, parts: list[str], layers: Layers) -> KeyPath:
    path: KeyPath = ()
    for place, part in zip(known, parts, strict=True):
        there = {environment_name(n): n for n in layers.names(path)} if place == ANY else {}
        path = (*path, there.get(part, part.lower()) if place == ANY else place)
    return path


def _foreign(name: str, text: str, layers: Layers) -> bool:
    """Whether a variable is not meant as a setting: a secret's home, or set by Kubernetes."""
    secrets = (
        match["name"]
        for _, value in _leaves(layers.tree)
        if isinstance(value, str) and (match := _REFERENCE.match(value))
    )
    kubernetes = any(n.fullmatch(name) and v.fullmatch(text) for n, v in _KUBERNETES)
    return kubernetes or name in secrets


def _hint(name: str) -> str:
    known = [variable(path) for path in settings_table() if ANY not in path]
    near = get_close_matches(name, known, n=1, cutoff=0.75)
    by_end = [k for k in known if k.endswith("__" + name.removeprefix(_PREFIX))]
    best = (by_end or near or [""])[0]
    return f" Did you mean {best}?" if best else ""
