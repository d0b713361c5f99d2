"""Each test has the program and a home of its own."""

from pathlib import Path

import pytest

from cli_program import Fondaco


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def fondaco(home: Path) -> Fondaco:
    return Fondaco(home)
