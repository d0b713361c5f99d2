"""Every import contract of pyproject.toml can fail: one forbidden import breaks it.

Each case adds one import to the graph of the real code. A contract whose modules were renamed, or
whose exceptions grew too wide, would hold for any code; here it fails.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from grimp import ImportGraph, build_graph
from importlinter import configuration
from importlinter.application import use_cases
from importlinter.domain.contract import Contract, registry

ROOT = Path(__file__).parents[3]
PACKAGES = ("fondaco", "venice_ai")
configuration.configure()


@cache
def options() -> Any:
    told = use_cases.read_user_options(str(ROOT / "pyproject.toml"))
    use_cases._register_built_in_contract_types()
    return told


@cache
def graph() -> ImportGraph:
    return build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def contract(number: int) -> Contract:
    told = options().contracts_options[number]
    kind = registry.get_contract_class(told["type"])
    return kind(told["name"], options().session_options, told)


def kept(number: int, *imports: tuple[str, str]) -> bool:
    """Whether a contract holds once these imports are added."""
    changed = deepcopy(graph())
    for importer, imported in imports:
        changed.add_import(importer=importer, imported=imported)
    return bool(contract(number).check(changed, verbose=False).kept)


def forbidden_imports(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield one import across each boundary that a contract draws, in its forbidden direction."""
    match told["type"]:
        case "layers":
            for container in told["containers"]:
                yield from against_layers(container, told["layers"])
        case "forbidden":
            for module in listed(told["forbidden_modules"]):
                yield listed(told["source_modules"])[0], module
        case "independence":
            yield from pairwise(expanded(told["modules"]))
        case "acyclic_siblings":
            yield from closed_cycles(told["ancestors"])
        case kind:
            pytest.fail(f"Say how contracts of type {kind!r} are broken.")


def against_layers(container: str, layers: list[str]) -> Iterator[tuple[str, str]]:
    rows = [[f"{container}.{name}" for name in re.split(r"\s*[|:]\s*", row)] for row in layers]
    for upper, lower in pairwise(rows):
        yield lower[0], upper[0]
    for row, written in zip(rows, layers, strict=True):
        if "|" in written:
            yield from pairwise(row)


def closed_cycles(ancestors: list[str]) -> Iterator[tuple[str, str]]:
    """Yield one import for each ancestor that turns an import of two of its children round."""
    for ancestor in ancestors:
        children = sorted(graph().find_children(ancestor))
        yield next(
            (other, one)
            for one in children
            for other in children
            if one != other
            and graph().find_shortest_chain(one, other, as_packages=True)
            and not graph().find_shortest_chain(other, one, as_packages=True)
        )


def expanded(modules: list[str]) -> list[str]:
    return sorted(
        {found for one in modules for found in graph().find_matching_modules(one)} or {*modules}
    )


def listed(modules: Any) -> list[str]:
    return list(modules)


CASES = [
    pytest.param(number, importer, imported, id=f"{told['name']}: {importer} -> {imported}")
    for number, told in enumerate(options().contracts_options)
    for importer, imported in forbidden_imports(told)
]


def test_every_contract_is_tried() -> None:
    assert {case.values[0] for case in CASES} == set(range(len(options().contracts_options)))


@pytest.mark.parametrize("number", range(len(options().contracts_options)))
def test_the_contract_holds_for_the_code(number: int) -> None:
    assert kept(number), "run `make check`, which shows the imports"


@pytest.mark.parametrize(("number", "importer", "imported"), CASES)
def test_one_forbidden_import_breaks_it(number: int, importer: str, imported: str) -> None:
    assert not kept(number, (importer, imported))


@pytest.mark.parametrize(
    "number",
    [n for n, told in enumerate(options().contracts_options) if told.get("exhaustive")],
)
def test_a_new_room_without_a_layer_breaks_it(number: int) -> None:
    changed = deepcopy(graph())
    [container] = options().contracts_options[number]["containers"]
    changed.add_module(f"{container}.annexe")
    assert not contract(number).check(changed, verbose=False).kept
