"""Environments of programs that run in a terminal."""

from pathlib import Path

import pytest

from cli_program import Fondaco
from program import Program


@pytest.fixture
def fondaco(tmp_path: Path) -> Fondaco:
    """The program with a home that no server runs on, and little for its models to use."""
    return Fondaco(tmp_path / "home")


@pytest.fixture
def environ(fondaco: Fondaco) -> dict[str, str]:
    """The environment of a program that may run the embedded model itself."""
    return {
        **fondaco.environ(),
        "FONDACO_EMBEDDED__THREADS": "1",
        "FONDACO_EMBEDDED__CONTEXT_TOKENS": "1024",
    }


@pytest.fixture
def environ_of_server(environ: dict[str, str], served: Program) -> dict[str, str]:
    """The environment of a program that talks to the server."""
    return {
        **environ,
        "VENICE_BASE_URL": f"{served.url}/api/v1",
        "VENICE_API_KEY": served.api_key,
    }
