"""ComfyUIs that fail, fall silent, or say what is not so."""

import json
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import anyio
import pytest

import toy_pictures
from engines.comfyui.conftest import OPTIONS, asking
from engines.comfyui.test_engine import TASK
from fake_comfyui import JPEG_PREVIEW, FakeComfyUI, Running, begin, drawn, outputs, run, status
from fake_upstream import raw, replying, whole
from fondaco.domain.errors import (
    EngineError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
)
from fondaco.domain.media.picture import PictureFile
from fondaco.engines.comfyui.engine import ComfyUI
from fondaco.engines.comfyui.events import JobEvents
from fondaco.engines.common.images.options import ImageOptions

KEPT = replace(TASK, model="kept")
SECRET = "A heron"  # the prompt, which no error may show
PNG = toy_pictures.png(64, 64)
AS_PNG = struct.pack(">II", 1, 2)
OUTPUT = "7"


async def test_previews_and_others_events_are_no_pictures(
    engine: ComfyUI, fake: FakeComfyUI
) -> None:
    wrong = toy_pictures.png(8, 8)

    async def play(fake: FakeComfyUI, job: Running) -> object:
        other = replace(job, prompt_id="somebody's")
        await fake.event(job, "execution_start")
        await fake.say(job, AS_PNG + wrong)
        await fake.event(job, "executing", node="5")
        await fake.say(job, JPEG_PREVIEW)
        await fake.say(job, AS_PNG + wrong)
        await fake.event(other, "executing", node=OUTPUT)
        await fake.say(job, AS_PNG + wrong)
        await fake.event(other, "execution_error", exception_type="X")
        await fake.event(other, "execution_success")
        await fake.event(other, "executing", node=None)
        for odd in ("no JSON", "[]", '{"type": 1}', '{"type": "executing", "data": null}'):
            await fake.say(job, json.loads(odd) if odd[0] in "[{" else odd)
        await fake.event(job, "executing", node=OUTPUT)
        for odd_bytes in (b"", b"\0\0\0\1", struct.pack(">II", 2, 2) + wrong, AS_PNG + b"<html>"):
            await fake.say(job, odd_bytes)
        await fake.say(job, AS_PNG + PNG)
        await fake.say(job, AS_PNG + wrong)
        await fake.event(job, "execution_success")
        return outputs(OUTPUT, [])

    fake.plays = [play]
    assert (await engine.generate(TASK)).picture == PictureFile(PNG)


async def failing(fake: FakeComfyUI, job: Running) -> object:
    await begin(fake, job)
    data = {
        "prompt_id": job.prompt_id,
        "node_id": "5",
        "node_type": "KSampler",
        "executed": [],
        "exception_message": f"cannot draw {SECRET}",
        "exception_type": "ValueError",
        "traceback": [SECRET],
        "current_inputs": {"text": [SECRET]},
    }
    await fake.event(job, "execution_error", **data)
    return status("error", ["execution_start", {}], ["execution_error", data])


async def out_of_memory(fake: FakeComfyUI, job: Running) -> object:
    data = {"exception_type": "torch.OutOfMemoryError", "node_type": "VAEDecode"}
    await fake.event(job, "execution_error", **data)
    return status("error", ["execution_error", data])


async def of_an_odd_class(fake: FakeComfyUI, job: Running) -> object:
    data = {"exception_type": 7, "node_type": SECRET}
    await fake.event(job, "execution_error", **data)
    return status("error", "odd", ["execution_error", data])


async def interrupted(fake: FakeComfyUI, job: Running) -> object:
    job.interrupted.set()
    fake.hold = anyio.Event()
    await begin(fake, job)
    return None


async def without_a_picture(fake: FakeComfyUI, job: Running) -> object:
    await begin(fake, job)
    await fake.event(job, "executing", node=OUTPUT)
    await fake.event(job, "execution_success")
    return outputs(OUTPUT, [])


FAILURES: dict[str, tuple[Any, type[EngineError], str]] = {
    "fails": (failing, EngineError, "failed in a node of class KSampler. The operator"),
    "memory": (out_of_memory, EngineError, "ran out of memory"),
    "odd": (of_an_odd_class, EngineError, r"failed\. The operator"),
    "interrupted": (interrupted, EngineUnavailableError, "interrupted"),
    "nothing": (without_a_picture, EngineError, "made no image"),
}


@pytest.mark.parametrize("case", FAILURES)
@pytest.mark.parametrize(("model", "websocket"), [("ours", True), ("kept", True), ("kept", False)])
async def test_a_job_that_fails_is_the_engines_failure_and_forgotten(
    case: str, model: str, *, websocket: bool
) -> None:
    play, kind, words = FAILURES[case]
    async with FakeComfyUI(websocket=websocket) as fake, asking(fake) as engine:
        fake.plays = [play]
        with pytest.raises(kind, match=words) as fault:
            await engine.generate(replace(TASK, model=model))
        assert SECRET not in str(fault.value)
        assert not fake.history


@pytest.mark.parametrize("model", ["ours", "kept"])
async def test_a_websocket_that_drops_costs_only_what_came_by_it(
    engine: ComfyUI, fake: FakeComfyUI, model: str
) -> None:
    async def play(fake: FakeComfyUI, job: Running) -> object:
        await fake.event(job, "execution_start")
        await fake.drop(job)
        return await run(fake, job)

    fake.plays = [play]
    if model == "kept":
        assert isinstance((await engine.generate(KEPT)).picture, PictureFile)
    else:
        with pytest.raises(EngineUnavailableError, match="was closed before the image arrived"):
            await engine.generate(TASK)
    assert not fake.history
    assert isinstance((await engine.generate(replace(TASK, model=model))).picture, PictureFile)


def images(
    *rows: object, node: str = OUTPUT
) -> Callable[[FakeComfyUI, Running], Awaitable[object]]:
    async def play(fake: FakeComfyUI, job: Running) -> object:
        fake.disk["output", "", "good.png"] = drawn(job)
        await fake.event(job, "execution_success")
        return outputs(node, list(rows))

    return play


GOOD = {"filename": "good.png", "subfolder": "", "type": "output"}
NAMES: dict[str, Any] = {
    "another node's": images(GOOD, node="1"),
    "no object": images("good.png"),
    "no name": images({"subfolder": "", "type": "output"}),
    "a number": images({**GOOD, "filename": 7}),
    "up": images({**GOOD, "filename": "../good.png"}),
    "up by backslash": images({**GOOD, "filename": "..\\good.png"}),
    "up by a folder": images({**GOOD, "subfolder": "a/../.."}),
    "from the root": images({**GOOD, "filename": "/etc/passwd"}),
    "a drive": images({**GOOD, "filename": "c:good.png"}),
    "from the root by a folder": images({**GOOD, "subfolder": "/etc"}),
    "hidden": images({**GOOD, "filename": ".good.png"}),
    "of the inputs": images({**GOOD, "type": "input"}),
    "of no folder": images({**GOOD, "type": None}),
    "two lines": images({**GOOD, "filename": "good.png\r\nX: y"}),
    "long": images({**GOOD, "filename": "x" * 300}),
    "not there": images({**GOOD, "filename": "other.png"}),
}


@pytest.mark.parametrize("case", NAMES)
async def test_a_picture_whose_name_is_none_is_not_asked_for(
    engine: ComfyUI, fake: FakeComfyUI, case: str
) -> None:
    fake.plays = [NAMES[case]]
    with pytest.raises(EngineError):
        await engine.generate(KEPT)
    assert len(fake.asked_at("/view")) == (case == "not there")
    assert not fake.history


async def test_names_with_spaces_and_folders_are_asked_for(
    engine: ComfyUI, fake: FakeComfyUI
) -> None:
    async def play(fake: FakeComfyUI, job: Running) -> object:
        fake.disk["temp", "a b/c", "good & 100%.png"] = PNG
        row = {"filename": "good & 100%.png", "subfolder": "a b/c", "type": "temp"}
        return outputs(OUTPUT, [row, GOOD])

    fake.plays = [play]
    assert (await engine.generate(KEPT)).picture == PictureFile(PNG)


FILES: dict[str, Any] = {
    "a page": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"),
    "nothing": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "cut short": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + PNG[:50], then="close"),
    "huge": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 68000000\r\n\r\n" + bytes(68_000_000)),
    "gone": whole(404, "Not Found"),
    "broken": whole(500, "500 Internal Server Error"),
}


@pytest.mark.parametrize("case", FILES)
async def test_a_file_that_is_no_picture_is_the_engines_failure(
    engine: ComfyUI, fake: FakeComfyUI, case: str
) -> None:
    fake.script("/view", FILES[case])
    with pytest.raises(EngineError):
        await engine.generate(KEPT)
    assert not fake.history


async def test_a_truncated_picture_is_left_to_the_codec(engine: ComfyUI, fake: FakeComfyUI) -> None:
    cut = PNG[:-20]
    fake.script("/view", raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(cut) + cut))
    assert (await engine.generate(KEPT)).picture == PictureFile(cut)


async def test_the_history_of_others_is_not_ours(engine: ComfyUI, fake: FakeComfyUI) -> None:
    theirs = {
        "somebody's": {"outputs": {OUTPUT: {"images": [GOOD]}}, "status": {"completed": True}}
    }
    fake.script("/history/", replying(theirs), replying([1]), replying({"x": 1}))
    assert isinstance((await engine.generate(KEPT)).picture, PictureFile)
    assert len(fake.asked_at("/history/")) == 4
    assert fake.asked_at("/view")[0].path.startswith("/view?filename=ComfyUI_00000_.png&")


async def test_a_job_that_is_nowhere_is_lost(engine: ComfyUI, fake: FakeComfyUI) -> None:
    async def play(fake: FakeComfyUI, job: Running) -> object:
        return None

    fake.plays = [play]
    with pytest.raises(EngineError, match="lost the job"):
        await engine.generate(KEPT)


ACCEPTANCES: dict[str, tuple[Any, type[EngineError], str]] = {
    "an id of steps": (replying({"prompt_id": "../queue"}), EngineError, "returned no job id"),
    "no id": (replying({"number": 1}), EngineError, "returned no job id"),
    "an empty id": (replying({"prompt_id": ""}), EngineError, "returned no job id"),
    "a list": (replying([1]), EngineError, "not a JSON object"),
    "a page": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"), EngineError, "not JSON"),
    "a login": (whole(401, "Unauthorized"), EngineRefusedError, "key"),
    "a proxy": (whole(502, "Bad Gateway"), EngineUnavailableError, "capacity"),
    "no outputs": (
        whole(400, {"error": {"type": "prompt_no_outputs", "message": "Prompt has no outputs"}}),
        EngineError,
        "Prompt has no outputs The operator",
    ),
    "an odd refusal": (whole(400, {"error": 7}), EngineError, "400"),
}


@pytest.mark.parametrize("case", ACCEPTANCES)
async def test_refusals_of_a_job_say_why(engine: ComfyUI, fake: FakeComfyUI, case: str) -> None:
    script, kind, words = ACCEPTANCES[case]
    fake.script("/prompt", script)
    with pytest.raises(kind, match=words):
        await engine.generate(TASK)


async def test_a_checkpoint_that_is_not_there_is_said(engine: ComfyUI) -> None:
    with pytest.raises(EngineError, match="failed validation"):
        await engine.generate(replace(TASK, model="lost"))


class TestSilence:
    @pytest.fixture
    def options(self) -> ImageOptions:
        return replace(OPTIONS, silence_timeout_s=0.05, at_once=2)

    async def test_a_job_that_hangs_is_given_up_and_interrupted(
        self, engine: ComfyUI, fake: FakeComfyUI
    ) -> None:
        fake.hold = anyio.Event()
        with pytest.raises(EngineTimeoutError):
            await engine.generate(TASK)
        assert fake.jobs[0].interrupted.is_set()
        assert not fake.history

    async def test_one_that_waits_for_others_stays_alive(
        self, engine: ComfyUI, fake: FakeComfyUI
    ) -> None:
        others = Running(
            "somebody's", {"7": {"class_type": "SaveImage", "inputs": {}}}, "their client"
        )

        async def play(fake: FakeComfyUI, job: Running) -> object:
            while fake.looks < 4:  # noqa: ASYNC110 - looks are what it waits for
                await anyio.sleep(0.001)
            return None

        fake.plays = [play]
        fake.pending.append(others)
        assert (await engine.generate(TASK)).queued_s > 0.1

    async def test_an_end_that_is_never_told_is_looked_up(
        self, engine: ComfyUI, fake: FakeComfyUI
    ) -> None:
        async def play(fake: FakeComfyUI, job: Running) -> object:
            await fake.event(job, "executing", node=OUTPUT)
            await fake.say(job, AS_PNG + PNG)
            fake.running, fake.history[job.prompt_id] = None, {}
            await anyio.sleep_forever()
            return None

        fake.plays = [play]
        assert (await engine.generate(TASK)).picture == PictureFile(PNG)
        assert not fake.history


async def test_a_job_that_takes_too_long_in_all_is_given_up(fake: FakeComfyUI) -> None:
    fake.hold = anyio.Event()
    async with asking(fake, replace(OPTIONS, total_timeout_s=0.1)) as engine:
        for task in (TASK, KEPT):
            with pytest.raises(EngineTimeoutError):
                await engine.generate(task)
    assert all(job.interrupted.is_set() for job in fake.jobs)
    assert not fake.history


def test_an_event_of_megabytes_is_not_parsed() -> None:
    events = JobEvents("mine", OUTPUT)
    event = {"type": "execution_success", "data": {"prompt_id": "mine", "shown": "x" * 2**20}}
    events.feed(json.dumps(event))
    assert not events.succeeded
    event["data"] = {"prompt_id": "mine"}
    events.feed(json.dumps(event))
    assert events.succeeded


async def test_a_message_that_is_too_large_ends_the_websocket(fake: FakeComfyUI) -> None:
    async def play(fake: FakeComfyUI, job: Running) -> object:
        await fake.event(job, "executing", node=OUTPUT)
        await fake.say(job, AS_PNG + PNG + bytes(2**26))
        await fake.event(job, "execution_success")
        return outputs(OUTPUT, [])

    fake.plays = [play]
    async with asking(fake) as engine:
        with pytest.raises(EngineUnavailableError, match="was closed before"):
            await engine.generate(TASK)
