"""The smallest Whisper model, with one thread."""

from collections.abc import AsyncGenerator

import anyio
import pytest

pytest.importorskip("faster_whisper", reason="the extra `transcription` is not installed")

from fondaco.configuration import whisper_files
from fondaco.engines.whisper.engine import Whisper
from fondaco.engines.whisper.launch import WhisperLaunch
from program import model_file

TINY = "whisper-tiny.en"


@pytest.fixture(scope="package")
def launch() -> WhisperLaunch:
    folder = model_file().parent
    files = {name: folder / file for name, file in whisper_files(f"{TINY}.bin").items()}
    for file in files.values():
        if not file.is_file():
            pytest.skip(f"{file} is missing: run `fondaco models pull {TINY}`")
    return WhisperLaunch(files, TINY)


@pytest.fixture(scope="module")
async def whisper(launch: WhisperLaunch) -> AsyncGenerator[Whisper]:
    engine = Whisper({TINY: launch}, name="whisper")
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.run)
        yield engine
        tasks.cancel_scope.cancel()
