"""Writes `_sync/client.pyi`, which tells type checkers what the synchronous client looks like.

    python sdk/stubs.py

At run time one small class shows everything asynchronous as if it were not, which no type checker
can follow. So it is told the types, derived from those of the asynchronous classes.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).parent / "src"
STUB = ROOT / "venice_ai" / "_sync" / "client.pyi"
HEAD = '"""Types of the synchronous client. Made by sdk/stubs.py; do not edit."""'
NAMES = {
    "AsyncGenerator": "Iterator",
    "AsyncIterable": "Iterator",
    "AsyncIterator": "Iterator",
    "cached_property": "property",
    "aclose": "close",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}
"""What is asynchronous -> what stands in its place."""
_ROOTS = {"VeniceClient", "Stream", "SpeechStream"}
_CALLED = {"VeniceClient"}
"""Those that callers make themselves."""
_PARENTS = {"APIResource", "Stream"}


@dataclass(frozen=True)
class Source:
    """A module in which classes are that callers of the synchronous client get."""

    module: str
    tree: ast.Module
    classes: tuple[ast.ClassDef, ...]

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield what the module knows by name, and where it comes from."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                for name in node.names:
                    yield name.asname or name.name, f"from {node.module} import {ast.unparse(name)}"
            if isinstance(node, ast.Import):
                for name in node.names:
                    yield name.asname or name.name, f"import {ast.unparse(name)}"
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef) and node not in self.classes:
                yield node.name, f"from {self.module} import {node.name}"

    def variables(self) -> Iterator[tuple[str, str]]:
        """Yield the type variables that the module makes."""
        for node in self.tree.body:
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="TypeVar"))
                ):
                    yield name, ast.unparse(node)


class Plain(ast.NodeTransformer):
    """Makes of a class one without what is asynchronous, private, or of no use to checkers."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        bases = [base for base in node.bases if _origin(base) != "APIResource"]
        overloaded = {member.name for member in node.body if _is_overload(member)}
        kept = [
            member
            for member in node.body
            if _is_told(member, of=node.name)
            and (_is_overload(member) or getattr(member, "name", "") not in overloaded)
        ]
        told = ast.ClassDef(self._names[node.name], bases, [], kept or [_nothing()], [])
        self.generic_visit(told)
        return told

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._signature(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._signature(node)

    def _signature(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        arguments = node.args
        arguments.defaults = [ast.Constant(...) for _ in arguments.defaults]
        arguments.kw_defaults = [default and ast.Constant(...) for default in arguments.kw_defaults]
        name = self._names.get(node.name, node.name)
        plain = ast.FunctionDef(
            name, arguments, [_nothing()], node.decorator_list, node.returns, lineno=0
        )
        self.generic_visit(plain)
        return plain

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        return ast.AnnAssign(node.target, node.annotation, None, 1)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._names.get(node.id, node.id))

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Leave `Literal["a"]` as it is: that is no type in quotes."""
        return node if _origin(node) == "Literal" else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Make a type of one in quotes."""
        if not isinstance(node.value, str):
            return node
        return self.visit(ast.parse(node.value, mode="eval").body)


def stub() -> str:
    """Return the stub's text."""
    sources = [*_sources()]
    classes = [node for source in sources for node in source.classes]
    names = NAMES | {node.name: f"Sync{node.name}" for node in classes}
    homes = {name: line for source in sources for name, line in source.names()}
    homes["Iterator"] = "from collections.abc import Iterator"
    homes["TypeVar"] = "from typing import TypeVar"
    variables = {name: line for source in sources for name, line in source.variables()}
    told = [Plain(names).visit(node) for node in _parents_first(classes)]
    made = [variables[name] for name in sorted(_used(told) & variables.keys())]
    used = _used(told) | _used([ast.parse(line) for line in made])
    imports = sorted({homes[name] for name in used & homes.keys()})
    return _formatted("\n".join([HEAD, *imports, *made, *map(ast.unparse, told)]))


def _sources() -> Iterator[Source]:
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if classes := tuple(node for node in tree.body if _is_shown(node)):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield Source(".".join(parts).removesuffix(".__init__"), tree, classes)


def _is_shown(node: ast.stmt) -> TypeGuard[ast.ClassDef]:
    """Whether a class is one that callers get."""
    if not isinstance(node, ast.ClassDef):
        return False
    return node.name in _ROOTS or any(_origin(base) in _PARENTS for base in node.bases)


def _is_told(member: ast.stmt, *, of: str) -> bool:
    match member:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name in NAMES or name[0] != "_" or (name == "__init__" and of in _CALLED)
        case ast.AnnAssign(target=ast.Name(id=name)):
            return name[0] != "_"
    return False


def _is_overload(member: ast.stmt) -> TypeGuard[ast.AsyncFunctionDef]:
    if not isinstance(member, ast.AsyncFunctionDef):
        return False
    return any(ast.unparse(mark) == "overload" for mark in member.decorator_list)


def _origin(base: ast.expr) -> str:
    return ast.unparse(base.value if isinstance(base, ast.Subscript) else base)


def _parents_first(classes: list[ast.ClassDef]) -> list[ast.ClassDef]:
    return sorted(classes, key=lambda node: (node.name not in _ROOTS, node.name))


def _used(nodes: list[ast.AST]) -> set[str]:
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}


def _nothing() -> ast.Expr:
    return ast.Expr(ast.Constant(...))


def _formatted(text: str) -> str:
    for arguments in (["check", "--select", "I", "--fix", "--quiet"], ["format", "--quiet"]):
        text = subprocess.run(  # noqa: S603 - ruff, over our own text
            [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(STUB), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return text


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
