"""One house for the tests of this folder that leave it as they found it."""

from collections.abc import AsyncGenerator

import pytest

from house import House, house


@pytest.fixture(scope="module")
async def shared() -> AsyncGenerator[House]:
    async with house() as one:
        yield one
