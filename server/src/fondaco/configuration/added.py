"""The folder `catalogue.d` of a home: engines and models that commands added, a TOML file for each.

The files lie between the built-in catalogue and `fondaco.toml`, so what an operator writes there
counts, and no command ever changes a file that a person wrote.
"""

import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import quote

from fondaco.configuration import layers as source
from fondaco.configuration.layers import Layers, Tree
from fondaco.configuration.unquoted import take_unquoted
from fondaco.configuration.writing import tables_as_toml
from fondaco.environment import ConfigurationError

FOLDER = "catalogue.d"
Kind: TypeAlias = Literal["model", "engine"]
"""Kind of a file: one model, or one engine with the models that it serves."""
Trial: TypeAlias = Mapping[Path, Tree | None]
"""Files as they would be; None: gone."""

_TABLES = ("engines", "models")
_HEADS: Mapping[Kind, str] = {
    "model": "# Written by `fondaco models add`; `fondaco models remove` takes it away again.\n"
    "# What fondaco.toml says of this model counts over it.\n\n",
    "engine": "# Written by `fondaco engines add`, or because the engine's `discover` is on, and then\n"
    "# written anew when its models change. What fondaco.toml says counts over it.\n\n",
}


def path_of(home: Path, kind: Kind, name: str) -> Path:
    """Return the path of the file of a model or an engine, which need not exist.

    >>> path_of(Path("/h"), "model", "qwen3:8b").name
    'model-qwen3%3A8b.toml'
    """
    return home / FOLDER / f"{kind}-{quote(name, safe='')}.toml"


def content_of(path: Path) -> Tree:
    """Return the tables of a file; none where it is not there.

    Raises:
        ConfigurationError: it cannot be read or is not TOML.
    """
    return source.file(path) if path.exists() else {}


def normal(tables: Tree) -> Tree:
    """Return tables as they are once they have been written and read: without what is None."""
    return source.parsed(tables_as_toml(tables))


def write(path: Path, kind: Kind, tables: Tree) -> bool:
    """Write a file whole or not at all; return whether that changed it.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    text = _HEADS[kind] + tables_as_toml(tables)
    draft = path.with_name(f".{path.stem[:100]}.{secrets.token_hex(8)}")
    try:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return False
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be written: {error}.") from error
    return True


def remove(path: Path) -> bool:
    """Delete a file; return whether there was one.

    Raises:
        ConfigurationError: it cannot be deleted.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be deleted: {error.strerror}.") from error
    return True


def lay(layers: Layers, home: Path, trial: Trial, engines: Collection[str]) -> list[str]:
    """Lay a home's files over the layers, and return what is wrong with them.

    Args:
        layers: what the files are laid over.
        home: the folder that they lie in.
        trial: contents to check instead of the files on disk.
        engines: those that the operator describes. What was discovered of one that is neither among
            them nor described in its own file, because the operator took it away, is passed over.
    """
    faults: list[str] = []
    for path, tree in sorted(_trees(home, trial, faults)):
        if _orphaned(tree, engines):
            continue
        origin = f"file {path}"
        strange = [name for name in tree if name not in _TABLES]
        faults += [
            f"{origin}: {name}: unexpected table. This folder contains only engines and models."
            for name in strange
        ]
        faults += [f"{origin}: {fault}" for fault in take_unquoted(tree)]
        layers.lay({name: tree[name] for name in _TABLES if name in tree}, origin)
        layers.unsaid[origin] = path
    return faults


def _orphaned(tree: Tree, engines: Collection[str]) -> bool:
    tables = tree.get("engines")
    return isinstance(tables, dict) and any(
        name not in engines and isinstance(table, dict) and "base_url" not in table
        for name, table in tables.items()
    )


def _trees(home: Path, trial: Trial, faults: list[str]) -> Iterator[tuple[Path, Tree]]:
    try:
        there = {path for path in (home / FOLDER).glob("*.toml") if not path.name.startswith(".")}
    except OSError as error:
        faults.append(f"{home / FOLDER}: cannot be read: {error.strerror}.")
        return
    for path in there | trial.keys():
        try:
            tree = trial[path] if path in trial else source.file(path)
        except ConfigurationError as error:
            faults += [f"file {fault}" for fault in error.faults]
        else:
            if tree is not None:
                yield path, tree
