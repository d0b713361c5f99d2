"""Kokoro's model, and an engine that runs it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

pytest.importorskip("hibari", reason="the extra `speech` is not installed")

from fondaco.domain.media.speech import SpeechTask
from fondaco.engines.kokoro.engine import Kokoro
from fondaco.engines.kokoro.launch import KokoroLaunch
from fondaco.modelfiles import KNOWN
from fondaco.modelfiles.known import KOKORO_VOICES
from program import model_file

MODEL = "kokoro-82m"
TASK = SpeechTask(model=MODEL, text="Yes. No.", voice="am_adam")


@asynccontextmanager
async def running(launch: KokoroLaunch) -> AsyncGenerator[Kokoro]:
    engine = Kokoro({MODEL}, launch, name="kokoro")
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        yield engine
        tasks.cancel_scope.cancel()


@pytest.fixture(scope="session")
def launch() -> KokoroLaunch:
    known = KNOWN[MODEL]
    model, vocabulary, voices = (
        model_file(known.file_for(role).file) for role in ("model", "vocabulary", "voices")
    )
    for file in (model, vocabulary, voices):
        if not file.is_file():
            pytest.skip(f"{file} is missing: run `fondaco models pull {MODEL}`")
    return KokoroLaunch(model, vocabulary, voices, KOKORO_VOICES)


@pytest.fixture(scope="module")
async def kokoro(launch: KokoroLaunch) -> AsyncGenerator[Kokoro]:
    async with running(launch) as engine:
        yield engine
