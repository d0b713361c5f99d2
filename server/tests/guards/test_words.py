"""One thing, one word: what classes are called, and what docstrings say of errors."""

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from guards.source import Found, Module, definitions, modules

EMPTY_NAMES = re.compile(r"(Manager|Handler|Helper|Helpers|Util|Utils|Service|Base|Data|Info)$")
SETTINGS = ("fondaco.settings", "fondaco.sections")
"""Sections of the configuration are called what they configure."""
APIS = "fondaco.http.apis."
DOCUMENTED = ("fondaco.domain", "fondaco.ports", "fondaco.serving", "venice_ai")
"""Packages whose functions name the errors that they raise."""

FOREIGN = {"CancelledError"}
"""Errors of the standard library that have to be imported."""

KNOWN = {
    "Allowance",
    "Answer",
    "CalledFunction",
    "Contract",
}
"""Class names with two meanings that are still to be parted; a name that is, leaves the list."""


def homonyms() -> dict[str, list[str]]:
    """Return the public names that classes of several modules of the server have."""
    homes = defaultdict(list)
    for module in modules():
        if module.name.startswith("fondaco.") and not module.name.startswith(SETTINGS):
            for found in definitions(module.tree):
                if isinstance(found.node, ast.ClassDef) and found.public:
                    homes[found.node.name].append(module.name)
    return {name: home for name, home in homes.items() if len(home) > 1 and not one_thing(home)}


def one_thing(homes: list[str]) -> bool:
    """Whether a name means one thing: a value of the domain, and how one API writes it."""
    written = [home for home in homes if home.startswith(APIS)]
    values = [home for home in homes if home.startswith("fondaco.domain.")]
    apis = {home.removeprefix(APIS).split(".")[0] for home in written}
    return (
        len(values) == 1 and len(values) + len(written) == len(homes) and len(apis) == len(written)
    )


def test_no_two_classes_have_one_name() -> None:
    assert {name: homes for name, homes in homonyms().items() if name not in KNOWN} == {}


def test_the_list_of_known_homonyms_shrinks() -> None:
    assert KNOWN - homonyms().keys() == set(), "these have been parted: take them off the list"


def test_no_class_has_a_name_that_says_nothing() -> None:
    found = [
        f"{module.shown}: {found.node.name}"
        for module in modules()
        for found in definitions(module.tree)
        if isinstance(found.node, ast.ClassDef) and EMPTY_NAMES.search(found.node.name)
    ]
    assert found == []


def test_every_module_has_a_docstring() -> None:
    assert [module.shown for module in modules() if not ast.get_docstring(module.tree)] == []


def test_every_public_name_has_a_docstring() -> None:
    silent = [
        f"{module.shown}:{found.node.lineno}: {found.node.name}"
        for module in modules()
        if module.name.startswith(DOCUMENTED)
        for found in definitions(module.tree)
        if found.public and not found.node.name.startswith("__") and not explained(found)
    ]
    assert silent == []


def explained(found: Found) -> bool:
    """Whether a definition has a docstring, or stands for one that has."""
    decorators = {ast.unparse(one).split(".")[-1] for one in found.node.decorator_list}
    return bool(ast.get_docstring(found.node)) or bool(
        decorators & {"overload", "override", "setter"}
    )


@cache
def errors() -> dict[str, set[str]]:
    """Return the product's own error classes, each with the names of its bases."""
    bases = {
        node.name: {ast.unparse(base).split(".")[-1] for base in node.bases}
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }
    ends = ("Error", "Warning", "Exception")
    return {name: of for name, of in bases.items() if any(b.endswith(ends) for b in (name, *of))}


def ancestry(name: str) -> set[str]:
    """Return an error's name and those of its bases, as far as they are the product's own."""
    return {name}.union(*(ancestry(base) for base in errors().get(name, ()) if base in errors()))


def raised(node: ast.AST) -> Iterator[str]:
    """Yield the product's own errors that a function raises by name, in its own body."""
    for one in ast.walk(node):
        if isinstance(one, ast.Raise) and one.exc is not None:
            error = one.exc.func if isinstance(one.exc, ast.Call) else one.exc
            name = ast.unparse(error).split(".")[-1]
            if name in errors():
                yield name


def listed(text: str) -> set[str]:
    """Return the errors that a docstring lists under `Raises:`."""
    _, _, section = text.partition("Raises:\n")
    entries = re.findall(r"^ {4}(\w+(?:, \w+)*):", section.split("\n\n")[0], re.MULTILINE)
    return {name for entry in entries for name in entry.split(", ")}


def docstring(found: Found) -> str:
    own = ast.get_docstring(found.node) or ""
    around = ast.get_docstring(found.owner) or "" if found.owner else ""
    return f"{own}\n{around}" if found.node.name in ("__init__", "__post_init__") else own


def functions(*packages: str) -> Iterator[tuple[Module, Found]]:
    for module in modules():
        if module.name.startswith(packages):
            for found in definitions(module.tree):
                if not isinstance(found.node, ast.ClassDef):
                    yield module, found


def test_public_functions_list_the_errors_that_they_raise() -> None:
    unsaid = [
        f"{module.shown}:{found.node.lineno}: {found.node.name}: {name}"
        for module, found in functions(*DOCUMENTED)
        if found.public
        for name in sorted(set(raised(found.node)))
        if not ancestry(name) & listed(docstring(found))
    ]
    assert unsaid == []


def test_errors_that_are_listed_exist() -> None:
    unknown = [
        f"{module.shown}:{found.node.lineno}: {found.node.name}: {name}"
        for module, found in functions("fondaco", "venice_ai")
        for name in sorted(listed(docstring(found)) - errors().keys())
        if name not in FOREIGN and not hasattr(builtins, name)
    ]
    assert unknown == []
