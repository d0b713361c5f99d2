"""What ships is locked: every dependency has one exact version, with the hashes of its files."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from fondaco.domain.extras import BY_CHOICE

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "requirements"
PINNED = re.compile(
    r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)[^\n]*\\\n(?=\s+--hash=sha256:[0-9a-f]{64})",
    re.MULTILINE,
)


def pins(name: str) -> dict[str, Version]:
    text = (LOCK / name).read_text()
    return {canonicalize_name(package): Version(v) for package, v in PINNED.findall(text)}


def requirements(folder: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    engine_parameters = project.get("optional-dependencies", {})
    told = [
        *project["dependencies"],
        *(
            one
            for extra in engine_parameters.keys() - BY_CHOICE
            for one in engine_parameters[extra]
        ),
    ]
    return [Requirement(one) for one in told]


@pytest.mark.parametrize(("folder", "lock"), [("server", "server.txt"), ("server", "dev.txt")])
def test_every_dependency_of_the_server_is_locked_within_its_range(folder: str, lock: str) -> None:
    locked = pins(lock)
    for wanted in requirements(folder):
        assert locked[canonicalize_name(wanted.name)] in wanted.specifier, wanted


def test_every_dependency_of_the_client_is_locked_within_its_range() -> None:
    locked = pins("dev.txt")
    project = tomllib.loads((ROOT / "sdk" / "pyproject.toml").read_text())["project"]
    extras = chain.from_iterable(project["optional-dependencies"].values())
    for wanted in map(Requirement, [*project["dependencies"], *extras]):
        assert locked[canonicalize_name(wanted.name)] in wanted.specifier, wanted


def test_tests_run_on_the_versions_that_ship() -> None:
    shipped, tested = pins("server.txt"), pins("dev.txt")
    assert shipped
    assert {name: tested.get(name) for name in shipped} == shipped


@pytest.mark.parametrize("name", ["server.txt", "dev.txt"])
def test_nothing_is_locked_without_a_hash(name: str) -> None:
    text = (LOCK / name).read_text()
    assert len(re.findall(r"^\S+==", text, re.MULTILINE)) == len(PINNED.findall(text))
    assert "--index-url" not in text
    assert "://" not in text
