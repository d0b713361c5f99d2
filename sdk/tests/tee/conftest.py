"""A service that speaks both protocols, written from their texts alone, and clients of it."""

from collections.abc import AsyncGenerator, Iterator

import pytest

from sealed_service.service import Service, serving
from venice_ai import VeniceClient
from venice_ai.tee import TeeOptions
from venice_ai.tee.types import TeeFormat


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(Service()) as one:
        yield one


@pytest.fixture
async def client(service: Service) -> AsyncGenerator[VeniceClient]:
    async with VeniceClient(api_key="secret-key", base_url=service.url, max_retries=0) as one:
        yield one


@pytest.fixture(params=["aci", "venice"])
def options(request: pytest.FixtureRequest) -> TeeOptions:
    """By each protocol, without hardware."""
    form: TeeFormat = request.param
    return TeeOptions(format=form, allow_software_attestation=True)
