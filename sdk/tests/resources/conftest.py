"""One house for the tests of a module that leave it as they found it, and a client of it."""

from collections.abc import AsyncGenerator

import pytest

from house import SECRET, House, house
from venice_ai import VeniceClient


@pytest.fixture(scope="module")
async def shared() -> AsyncGenerator[House]:
    async with house() as one:
        yield one


@pytest.fixture
async def client(shared: House) -> AsyncGenerator[VeniceClient]:
    async with VeniceClient(api_key=SECRET, base_url=f"{shared.url}/api/v1") as one:
        yield one
