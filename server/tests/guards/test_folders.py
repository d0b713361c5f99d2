"""Rooms: a folder holds about a dozen files, and ARCHITECTURE.md draws every one."""

import re
from collections import Counter
from pathlib import Path

import pytest

from guards.source import ROOT, SDK, SERVER, modules

MOST_FILES = 14
LARGE = {
    "server/src/fondaco/engines/llamacpp": "one engine: its process, its slots, what it is asked",
    "server/src/fondaco/configuration": "one file a kind of setting that is checked",
}
"""Folders that may hold more, with the reason."""
SITE = SERVER / "http/assets/docs"
"""Built by `make docs`, and not kept."""
TREE = re.compile(r"^```text\n(?P<tree>\.ci/.*?)^```", re.MULTILINE | re.DOTALL)


def files() -> Counter[Path]:
    """Return how many modules each folder holds, without its `__init__`."""
    return Counter(one.path.parent for one in modules() if one.path.name != "__init__.py")


def test_a_folder_holds_about_a_dozen_files() -> None:
    crowded = {str(folder.relative_to(ROOT)) for folder, n in files().items() if n > MOST_FILES}
    assert crowded == LARGE.keys(), "part the folder by what a reader looks for"


def drawn() -> set[Path]:
    """Return the folders of the tree in ARCHITECTURE.md."""
    found = TREE.search((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert found is not None
    folders, above = set(), [ROOT]
    for line in found["tree"].splitlines():
        name = line.split(maxsplit=1)[0]
        depth = (len(line) - len(line.lstrip())) // 2
        above = [*above[: depth + 1], above[depth] / name]
        folders.add(above[-1])
    return folders


def packages() -> set[Path]:
    """Return the server's folders that hold files of the product."""
    kept = (
        path
        for path in SERVER.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and SITE not in path.parents
    )
    return {folder for path in kept for folder in path.parents if SERVER in folder.parents}


@pytest.mark.parametrize("folder", sorted(packages()), ids=lambda f: str(f.relative_to(SERVER)))
def test_every_folder_is_drawn(folder: Path) -> None:
    assert folder in drawn(), "give it a line in ARCHITECTURE.md"


def test_every_folder_that_is_drawn_exists() -> None:
    assert {folder for folder in drawn() if not folder.is_dir()} == set()
    assert {SERVER, SDK} <= drawn()
