"""What the tests of the enclave share."""

from collections.abc import AsyncGenerator

import pytest

from sealed_house import SealedHouse, sealed_house


@pytest.fixture
async def house() -> AsyncGenerator[SealedHouse]:
    async with sealed_house() as house:
        yield house
