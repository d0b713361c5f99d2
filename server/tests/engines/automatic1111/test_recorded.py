"""sd-server's copy of AUTOMATIC1111's API, by answers that were recorded from it."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from engines.automatic1111.conftest import OPTIONS
from engines.automatic1111.test_engine import SAMPLERS, TASK, TXT2IMG
from fake_automatic1111 import OVERALL, PROGRESS, FakeAutomatic1111
from fake_sd_server import answering
from fake_upstream import hanging
from fondaco.clients.connect import connect
from fondaco.domain.errors import EngineError, EngineTimeoutError, EngineUnavailableError
from fondaco.domain.media.picture import PictureFile
from fondaco.engines.automatic1111.discover import discover
from fondaco.engines.automatic1111.engine import Automatic1111
from fondaco.engines.automatic1111.listing import names_listed

PATHS = {
    "/sdapi/v1/sd-models": "GET /sdapi/v1/sd-models",
    SAMPLERS: "GET /sdapi/v1/samplers",
    TXT2IMG: "txt2img",
    PROGRESS: "POST /internal/progress",
    OVERALL: "GET /sdapi/v1/progress",
    "/sdapi/v1/interrupt": "POST /sdapi/v1/interrupt",
}
EULER = replace(OPTIONS, sampler="euler", scheduler="", first_byte_timeout_s=0.1)


@pytest.fixture
async def fake() -> AsyncGenerator[FakeAutomatic1111]:
    async with FakeAutomatic1111() as fake:
        for path, name in PATHS.items():
            fake.always_at(path, answering(name))
        yield fake


@pytest.fixture
async def engine(fake: FakeAutomatic1111) -> AsyncGenerator[Automatic1111]:
    client = connect(fake.url)
    yield Automatic1111("sd", client, {"ours": "flux", "lost": "sdxl"}, EULER)
    await client.aclose()


async def test_its_picture_is_one_with_the_prompt_in_its_texts(engine: Automatic1111) -> None:
    made = (await engine.generate(TASK)).picture
    assert isinstance(made, PictureFile)
    with Image.open(BytesIO(made.data)) as image:
        image.load()
        assert image.size == (64, 64)
        assert "A heron" in image.info["parameters"], "so the codec writes it anew"


async def test_it_has_one_model_and_its_own_samplers(
    engine: Automatic1111, fake: FakeAutomatic1111
) -> None:
    with pytest.raises(EngineUnavailableError, match="does not list the checkpoint 'sdxl'"):
        await engine.generate(replace(TASK, model="lost"))
    client = connect(fake.url)
    wrong = Automatic1111("sd", client, {"ours": "flux"}, replace(EULER, sampler="Euler a"))
    with pytest.raises(EngineError, match="no sampler 'Euler a', but ddim_trailing, default, dpm"):
        await wrong.generate(TASK)
    assert [model.name for model in (await discover(client)).models] == ["flux"]
    assert {"flux", "flux.safetensors", "euler"} <= await names_listed(client)
    await client.aclose()


async def test_its_refusal_says_why(engine: Automatic1111, fake: FakeAutomatic1111) -> None:
    fake.script(TXT2IMG, answering("txt2img without a prompt"))
    with pytest.raises(EngineError, match="status 400: prompt required"):
        await engine.generate(TASK)


async def test_without_progress_its_time_to_the_first_byte_counts(
    engine: Automatic1111, fake: FakeAutomatic1111
) -> None:
    fake.script(TXT2IMG, hanging())
    with pytest.raises(EngineTimeoutError):
        await engine.generate(TASK)
