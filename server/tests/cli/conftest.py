"""Each test has the program and a home of its own; some talk to one server with the embedded model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_program import Fondaco
from program import Program, program


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def fondaco(home: Path) -> Fondaco:
    return Fondaco(home)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with program(tmp_path_factory.mktemp("served") / "home") as one:
        yield one
