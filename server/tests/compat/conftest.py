"""One server with the real model for the tests of this folder that leave it as they found it."""

from collections.abc import Iterator

import pytest

from program import Program, program


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with program(tmp_path_factory.mktemp("served") / "home") as one:
        yield one
