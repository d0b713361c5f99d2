"""The painter's child process: asked over pipes, it answers with pixels."""

from contextlib import aclosing

import numpy as np
import pytest

from fondaco.domain.errors import EngineError
from fondaco.engines.painter.launch import painter_program, unavailable_reason
from fondaco.engines.painter.painting import PaintRequest, paint
from fondaco.workers.worker import Worker
from program import model_file

REQUEST = {"prompt": "two cats \ud800 on a chair", "width": 96, "height": 64, "seed": 5}


def alike(one: bytes, other: bytes) -> bool:
    """Whether two pictures differ by rounding at most: a process that has loaded other libraries may round otherwise."""
    first, second = (np.frombuffer(rgb, np.uint8).astype(int) for rgb in (one, other))
    return first.shape == second.shape and bool(np.abs(first - second).max() <= 1)


async def test_the_child_paints_what_the_function_does() -> None:
    assert unavailable_reason() == ""
    async with aclosing(Worker(painter_program(), engine="painter", model="painter")) as worker:
        fields, payload = await worker.ask(REQUEST)
        again, _ = await worker.ask(REQUEST)
    picture = paint(PaintRequest("two cats \ud800 on a chair", width=96, height=64, seed=5))
    assert alike(payload, picture.rgb)
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


async def test_a_preset_ends_with_the_style_network_where_it_is_here() -> None:
    pytest.importorskip("onnxruntime", reason="the extra `images` is not installed")
    file = model_file("multistyle26.onnx")
    if not file.is_file():
        pytest.skip(f"{file} is missing: run `fondaco models pull fondaco-editor`")
    seen = []
    for styles in (file, file.with_name("nothing.onnx")):
        program = painter_program(styles)
        async with aclosing(Worker(program, engine="painter", model="painter")) as worker:
            _, payload = await worker.ask({**REQUEST, "style": "Expressionist"})
            seen.append(payload)
    plain = paint(PaintRequest(**{**REQUEST, "style": "Expressionist"}))  # type: ignore[arg-type]
    assert alike(seen[1], plain.rgb)
    assert not alike(seen[0], plain.rgb)
