"""The painter's child process: asked over pipes, it answers with pixels."""

from contextlib import aclosing

import pytest

from fondaco.domain.errors import EngineError
from fondaco.engines.painter.launch import painter_program, unavailable_reason
from fondaco.engines.painter.painting import PaintRequest, paint
from fondaco.workers.worker import Worker

REQUEST = {"prompt": "two cats \ud800 on a chair", "width": 96, "height": 64, "seed": 5}


async def test_the_child_paints_what_the_function_does() -> None:
    assert unavailable_reason() == ""
    async with aclosing(Worker(painter_program(), engine="painter", model="painter")) as worker:
        fields, payload = await worker.ask(REQUEST)
        again, _ = await worker.ask(REQUEST)
    picture = paint(PaintRequest("two cats \ud800 on a chair", width=96, height=64, seed=5))
    assert payload == picture.rgb
    assert (fields["width"], fields["height"], fields["understood"]) == (96, 64, True)
    assert again == fields


async def test_a_request_that_it_refuses_leaves_it_running() -> None:
    async with aclosing(Worker(painter_program(), engine="painter", model="painter")) as worker:
        with pytest.raises(EngineError):
            await worker.ask({**REQUEST, "width": 0})
        pid = worker.pid
        fields, _ = await worker.ask(REQUEST)
    assert fields["understood"]
    assert pid is not None


@pytest.mark.slow  # two million pixels
async def test_the_largest_picture_fits_the_memory_of_the_child() -> None:
    large = {"prompt": "a lake at dawn, oil painting", "width": 1792, "height": 1280, "steps": 20}
    async with aclosing(Worker(painter_program(), engine="painter", model="painter")) as worker:
        fields, payload = await worker.ask(large)
    assert len(payload) == 1792 * 1280 * 3
    assert fields["width"] == 1792
