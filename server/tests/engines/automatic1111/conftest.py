"""A fake engine, and ours that asks it."""

from collections.abc import AsyncGenerator

import pytest

from fake_automatic1111 import FakeAutomatic1111
from fondaco.clients.connect import connect
from fondaco.engines.automatic1111.engine import Automatic1111
from fondaco.engines.common.images.options import ImageOptions

OPTIONS = ImageOptions(
    sampler="Euler a",
    scheduler="Karras",
    loras={"ours": "detail"},
    first_byte_timeout_s=5,
    silence_timeout_s=5,
    total_timeout_s=20,
    poll_s=0.01,
)
MODELS = {"ours": "heron.safetensors", "old": "v1-5-pruned", "lost": "no such"}


@pytest.fixture
async def fake() -> AsyncGenerator[FakeAutomatic1111]:
    async with FakeAutomatic1111() as fake:
        yield fake


@pytest.fixture
def options() -> ImageOptions:
    return OPTIONS


@pytest.fixture
async def engine(fake: FakeAutomatic1111, options: ImageOptions) -> AsyncGenerator[Automatic1111]:
    client = connect(fake.url, first_byte_timeout_s=20, total_timeout_s=20)
    yield Automatic1111("webui", client, MODELS, options, overrides={"sd_vae": "none.pt"})
    await client.aclose()
