"""The product's source, parsed: what the guards read."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
SERVER, SDK = ROOT / "server/src/fondaco", ROOT / "sdk/src/venice_ai"

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.ClassDef | Function


@dataclass(frozen=True)
class Module:
    """A file of Python, with its tree."""

    path: Path
    name: str
    """Dotted, from the package's name on."""
    tree: ast.Module

    @property
    def shown(self) -> str:
        return str(self.path.relative_to(ROOT))


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the server and the SDK."""
    return tuple(
        Module(
            path,
            ".".join(path.relative_to(package.parent).with_suffix("").parts),
            ast.parse(path.read_text(encoding="utf-8")),
        )
        for package in (SERVER, SDK)
        for path in sorted(package.rglob("*.py"))
    )


@dataclass(frozen=True)
class Found:
    """A definition and the class around it."""

    node: Definition
    owner: ast.ClassDef | None
    public: bool
    """Whether neither its name nor one around it starts with an underscore."""


def definitions(tree: ast.Module) -> Iterator[Found]:
    """Yield classes, functions and methods; not the functions within functions."""
    yield from _within(tree, None, public=True)


def _within(node: ast.AST, owner: ast.ClassDef | None, *, public: bool) -> Iterator[Found]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            dunder = child.name.startswith("__") and child.name.endswith("__")
            seen = public and (dunder or not child.name.startswith("_"))
            yield Found(child, owner, seen)
            if isinstance(child, ast.ClassDef):
                yield from _within(child, child, public=seen)
        elif isinstance(child, ast.If | ast.Try):
            yield from _within(child, owner, public=public)
