"""Image models of OpenAI-compatible upstreams: the contract, requests, and replies that break it."""

import base64
from collections.abc import AsyncGenerator
from dataclasses import replace

import anyio
import pytest

import toy_pictures
from contracts.image_engine import Bench, ImageEngineContract
from fake_upstream import FakeUpstream, hanging, refusing, replying
from fondaco.clients.connect import connect
from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    InvalidRequestError,
)
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.image_styles import style
from fondaco.domain.media.picture import PictureFile
from fondaco.domain.models.image_model import ImageParameter
from fondaco.engines.common.images.options import ImageOptions
from fondaco.engines.openai.images import OpenAIImages, UpstreamImageModel

TASK = ImageTask(model="ours", prompt="A heron", width=64, height=64, steps=9, seed=7)
RICH = replace(
    TASK, negative_prompt="people", cfg_scale=5.5, lora_strength=40, style=style("Origami")
)


@pytest.fixture
async def fake() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream(key="k") as fake:
        yield fake


@pytest.fixture
async def engine(fake: FakeUpstream) -> AsyncGenerator[OpenAIImages]:
    client = connect(fake.base_url, key="k", first_byte_timeout_s=5, total_timeout_s=20)
    models = {
        "ours": UpstreamImageModel("theirs", frozenset(ImageParameter)),
        "plain": UpstreamImageModel("plain"),
    }
    yield OpenAIImages("faker", client, models)
    await client.aclose()


class TestOpenAIImages(ImageEngineContract):
    @pytest.fixture
    def bench(self, engine: OpenAIImages) -> Bench:
        return Bench(engine, TASK)


async def test_the_engine_is_asked_by_its_own_name_for_what_it_takes(
    engine: OpenAIImages, fake: FakeUpstream
) -> None:
    await engine.generate(RICH)
    assert fake.drawn[0].body == {
        "model": "theirs",
        "prompt": style("Origami").styled("A heron"),
        "n": 1,
        "size": "64x64",
        "response_format": "b64_json",
        "negative_prompt": "people, noisy",
        "steps": 9,
        "cfg_scale": 5.5,
        "lora_strength": 40,
        "seed": 7,
    }
    await engine.generate(replace(RICH, model="plain"))
    assert set(fake.drawn[1].body) == {"model", "prompt", "n", "size", "response_format"}
    await engine.generate(replace(TASK, transparent=True))
    assert fake.drawn[2].body["background"] == "transparent"


async def test_an_engine_that_knows_no_response_format_is_asked_without(
    engine: OpenAIImages, fake: FakeUpstream
) -> None:
    fake.draw_next.append(refusing(400, {"message": "Unknown parameter: 'response_format'."}))
    await engine.generate(TASK)
    await engine.generate(TASK)
    assert ["response_format" in asked.body for asked in fake.drawn] == [True, False, False]


async def test_a_data_url_is_a_picture_too(engine: OpenAIImages, fake: FakeUpstream) -> None:
    file = base64.b64encode(toy_pictures.png(64, 64)).decode()
    url = f"data:image/png;base64,{file}"
    fake.draw_next.append(replying({"data": [{"url": url}]}))
    picture = (await engine.generate(TASK)).picture
    assert picture == PictureFile(toy_pictures.png(64, 64))


@pytest.mark.parametrize(
    "command",
    [
        'x <sd_cpp_extra_args>{"width":2048}</sd_cpp_extra_args>',
        "x <SD_CPP_EXTRA_ARGS>{}",
        "< sd_cpp_extra_args >",
        "x </sd_cpp_extra_args>",
        "a cat <lora:secret:1>",
        "a cat <LoRA: secret>",
        "<hypernet:x:1>",
        "<lyco:x>",
    ],
)
@pytest.mark.parametrize("field", ["prompt", "negative_prompt"])
async def test_a_prompt_does_not_command_the_engine(
    engine: OpenAIImages, fake: FakeUpstream, command: str, field: str
) -> None:
    with pytest.raises(InvalidRequestError, match="are instructions to the engine") as refused:
        await engine.generate(replace(TASK, **{field: command}))  # type: ignore[arg-type]
    assert list(refused.value.faults) == [field]
    assert not fake.drawn


@pytest.mark.parametrize("prompt", ["1 < 2", "a <b>bold</b> cat", "lora the explorer", "I <3 Lora"])
async def test_other_angle_brackets_are_words(
    engine: OpenAIImages, fake: FakeUpstream, prompt: str
) -> None:
    await engine.generate(replace(TASK, prompt=prompt))
    assert fake.drawn[0].body["prompt"] == prompt


BROKEN: dict[str, object] = {
    "no object": [1],
    "no data": {"created": 1},
    "data is no list": {"data": {}},
    "none": {"data": []},
    "two": {"data": [*toy_pictures.sent(b"x")["data"]] * 2},
    "an entry that is none": {"data": [1]},
    "null": {"data": [{"b64_json": None}]},
    "no base64": {"data": [{"b64_json": "not base64!"}]},
    "letters beyond": {"data": [{"b64_json": "ä"}]},
    "a URL to fetch": {"data": [{"url": "http://127.0.0.1/picture.png"}]},
    "a URL of text": {"data": [{"url": "data:text/html;base64,PGI+"}]},
    "no picture": toy_pictures.sent(b"<svg/>"),
    "nothing": toy_pictures.sent(b""),
    "an error": {"error": {"message": "out of memory"}},
    "many values": {**toy_pictures.sent(toy_pictures.png(64, 64)), "odd": [[]] * 40_000},
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_reply_that_breaks_its_word_ends_the_call(
    engine: OpenAIImages, fake: FakeUpstream, case: str
) -> None:
    fake.draw_next.append(replying(BROKEN[case]))
    with pytest.raises(EngineError):
        await engine.generate(TASK)
    assert isinstance((await engine.generate(TASK)).picture, PictureFile)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidRequestError),
        (401, EngineRefusedError),
        (404, EngineError),
        (429, EngineBusyError),
        (500, EngineError),
    ],
)
async def test_refusals_are_mapped(
    engine: OpenAIImages, fake: FakeUpstream, status: int, error: type[Exception]
) -> None:
    fake.draw_next.append(refusing(status, {"message": "no"}))
    with pytest.raises(error):
        await engine.generate(TASK)


async def test_pictures_have_turns_and_a_full_queue_refuses(fake: FakeUpstream) -> None:
    client = connect(fake.base_url, key="k", first_byte_timeout_s=20, total_timeout_s=30)
    models = {"ours": UpstreamImageModel("theirs")}
    engine = OpenAIImages("faker", client, models, ImageOptions(at_once=1, queue=2))
    fake.draw_next.append(hanging())
    waited: list[float] = []

    async def queued() -> None:
        waited.append((await engine.generate(TASK)).queued_s)

    async with anyio.create_task_group() as waiting, anyio.create_task_group() as first:
        first.start_soon(engine.generate, TASK)
        with anyio.fail_after(10):
            while not fake.drawn:  # noqa: ASYNC110 - the condition lies in the engine
                await anyio.sleep(0.01)
        waiting.start_soon(queued)
        waiting.start_soon(queued)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(EngineBusyError):
            await engine.generate(TASK)
        assert len(fake.drawn) == 1
        first.cancel_scope.cancel()
    assert len(fake.drawn) == 3
    assert min(waited) > 0
    await client.aclose()


async def test_no_more_is_read_than_a_picture_of_the_size_may_have(
    engine: OpenAIImages, fake: FakeUpstream
) -> None:
    fake.draw_next.append(replying({"data": [{"b64_json": "A" * 2 * 2**20}]}))
    with pytest.raises(EngineError, match="larger than"):
        await engine.generate(TASK)
