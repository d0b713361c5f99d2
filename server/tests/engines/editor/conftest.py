"""The networks' files, and one editor for all tests of this folder."""

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

pytest.importorskip("onnxruntime", reason="the extra `images` is not installed")
pytest.importorskip("scipy", reason="the extra `images` is not installed")

from fondaco.engines.editor.editing import Networks
from fondaco.engines.editor.engine import Editor
from fondaco.engines.editor.launch import STYLES_FILE, SUBJECT_FILE
from program import model_file


@pytest.fixture(scope="session")
def models_folder() -> Path:
    files = [model_file(name) for name in (STYLES_FILE, SUBJECT_FILE)]
    for file in files:
        if not file.is_file():
            pytest.skip(f"{file} is missing: run `fondaco models pull fondaco-editor`")
    return files[0].parent


@pytest.fixture(scope="session")
def networks(models_folder: Path) -> Networks:
    return Networks(models_folder / STYLES_FILE, models_folder / SUBJECT_FILE)


@pytest.fixture(scope="module")
async def editor(models_folder: Path) -> AsyncGenerator[Editor]:
    editor = Editor({"fondaco-editor"}, name="editor", models_folder=models_folder)
    async with anyio.create_task_group() as tasks:
        await tasks.start(editor.run)
        yield editor
        tasks.cancel_scope.cancel()
