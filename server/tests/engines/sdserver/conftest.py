"""A fake sd-server, and our engine that asks it."""

from collections.abc import AsyncGenerator

import pytest

from fake_sd_server import FakeSdServer
from fondaco.clients.connect import connect
from fondaco.engines.common.images.options import ImageOptions
from fondaco.engines.sdserver.engine import SdServer

OPTIONS = ImageOptions(
    sampler="euler_a",
    scheduler="karras",
    loras={"ours": "detail.safetensors"},
    total_timeout_s=20,
    poll_s=0.005,
)


@pytest.fixture
async def fake() -> AsyncGenerator[FakeSdServer]:
    async with FakeSdServer() as fake:
        yield fake


@pytest.fixture
def options() -> ImageOptions:
    return OPTIONS


@pytest.fixture
async def engine(fake: FakeSdServer, options: ImageOptions) -> AsyncGenerator[SdServer]:
    client = connect(fake.url, first_byte_timeout_s=5, total_timeout_s=20)
    yield SdServer("sd", client, {"ours": "flux", "lost": "sdxl"}, options)
    await client.aclose()
