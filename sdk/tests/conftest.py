"""A running server in the test's event loop, and clients of it."""

from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace

import pytest

from fondaco.domain.models.model import Capabilities
from house import SECRET, TOY, House, house
from program import Program, program
from upstream.raw_server import RawServer, listening
from venice_ai import VeniceClient


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def home() -> AsyncGenerator[House]:
    """The real server over a toy model."""
    able = Capabilities(function_calling=True, response_schema=True, log_probs=True)
    async with house(models=(replace(TOY, capabilities=able),)) as one:
        yield one


@pytest.fixture
async def client(home: House) -> AsyncGenerator[VeniceClient]:
    async with VeniceClient(api_key=SECRET, base_url=f"{home.url}/api/v1") as one:
        yield one


@pytest.fixture
async def raw() -> AsyncGenerator[RawServer]:
    """A server that says what the test tells it to."""
    async with listening() as one:
        yield one


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program with the embedded model."""
    with program(tmp_path_factory.mktemp("served") / "home") as one:
        yield one
