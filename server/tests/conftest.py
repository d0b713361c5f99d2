"""What all tests share."""

import pytest

pytest.register_assert_rewrite("contracts", "dashboard")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
