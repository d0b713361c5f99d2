"""The documentation's site, built once for the tests of a process, and a house that serves it."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from fondaco.http.apis.operator import docs_site
from house import House, house

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it: a warning, such as a broken link, ends the build."""
    pytest.importorskip("material", reason="mkdocs-material is a tool of development")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture
async def served(site: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[House]:
    monkeypatch.setattr(docs_site, "SITE", site)
    async with house() as one:
        yield one


@pytest.fixture
async def without_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[House]:
    monkeypatch.setattr(docs_site, "SITE", tmp_path / "never built")
    async with house() as one:
        yield one
