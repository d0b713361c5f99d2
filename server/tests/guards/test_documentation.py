"""What the code knows, the documentation says."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from fondaco.configuration.schema import Setting, settings_table
from fondaco.domain.extras import Extra

ROOT = Path(__file__).parents[3]
DEPENDENCIES = ROOT / "docs/decisions/0007-dependencies.md"


@pytest.mark.parametrize("setting", settings_table().values(), ids=lambda s: ".".join(s.path))
def test_every_setting_says_what_it_is_for(setting: Setting) -> None:
    assert setting.description.endswith(".") or setting.path[0] in ("engines", "aliases")
    assert len(setting.description) > 5


def test_the_generated_pages_are_up_to_date() -> None:
    script = [sys.executable, str(ROOT / "docs/reference/generate.py"), "--check"]
    checked = subprocess.run(script, capture_output=True, text=True, check=False)
    assert checked.stderr == ""
    assert checked.returncode == 0


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "server/pyproject.toml").read_text())["project"]
    optional = [d for extra in project["optional-dependencies"].values() for d in extra]
    declared = {re.split(r"[^A-Za-z0-9_-]", d)[0] for d in [*project["dependencies"], *optional]}
    rows = re.findall(r"^\| (`[^|]+`) \|", DEPENDENCIES.read_text(), re.MULTILINE)
    explained = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert sorted(explained) == sorted(declared)


def test_every_extra_is_installed_from_a_checkout_as_no_index_has_it() -> None:
    project = tomllib.loads((ROOT / "server/pyproject.toml").read_text())["project"]
    assert set(get_args(Extra)) == project["optional-dependencies"].keys()
    named = re.compile(r"pip install [^\n;&]*?(?<![\w./-])(fondaco|venice[-_]ai)\b")
    sources = (*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md"), *ROOT.glob("s*/src/**/*.py"))
    assert [path for path in sources if named.search(path.read_text())] == []


def test_decisions_are_numbered_without_gap_and_fit_on_a_page() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    assert [p.name for p in pages if len(p.read_text().splitlines()) > 80] == []


_FILE = re.compile(r"`([\w./-]+\.py)`")
_OF_OTHERS = {"multipart.py", "constants.py", "agent.py"}
"""Files of other projects, or of a reader."""


def test_files_that_the_documentation_names_exist() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [f"/{one}" for one in listed.stdout.split()]
    pages = [*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "ARCHITECTURE.md"]
    named = {(page.name, name) for page in pages for name in _FILE.findall(page.read_text())}
    assert len(named) > 50
    gone = {
        (page, name)
        for page, name in named
        if name not in _OF_OTHERS and not any(one.endswith(f"/{name}") for one in files)
    }
    assert gone == set()
