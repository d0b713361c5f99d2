"""Servers with the real model for the tests of this folder that leave them as they found them."""

from collections.abc import Iterator

import pytest

from program import Program, program


@pytest.fixture(scope="session")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with program(tmp_path_factory.mktemp("served") / "home") as one:
        yield one


@pytest.fixture(scope="session")
def uvicorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with program(tmp_path_factory.mktemp("served") / "home", front="uvicorn") as one:
        yield one


@pytest.fixture(scope="session")
def served(wire: Program) -> Program:
    return wire
