"""One engine for all tests of this folder: loading the model takes a second."""

import os
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from fondaco.engines.llamacpp.engine import LlamaCpp
from fondaco.engines.llamacpp.supervisor import Launch
from fondaco.sandbox.templates import SandboxedTemplates
from fondaco.system import SystemClock

_FOLDER = os.environ.get("FONDACO_MODELS")  # noqa: TID251 - tests are told where models lie
MODEL_FILE = (
    Path(_FOLDER) if _FOLDER else Path.home() / ".cache/fondaco/models"
) / "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="session")
def launch() -> Launch:
    if not MODEL_FILE.is_file():
        pytest.skip(f"{MODEL_FILE} is missing: run `fondaco models pull smollm2-135m`")
    return Launch(
        MODEL_FILE,
        threads=1,
        slots=4,
        context_tokens=1024,
        compact_cache=True,
        queue=8,
        slot_timeout_s=60,
    )


@pytest.fixture(scope="session")
async def engine(launch: Launch) -> AsyncGenerator[LlamaCpp]:
    templates = SandboxedTemplates(SystemClock(), wait_s=30)
    engine = LlamaCpp("embedded", launch, templates=templates)
    async with anyio.create_task_group() as group:
        await group.start(engine.run)
        yield engine
        group.cancel_scope.cancel()
    await templates.aclose()


@pytest.fixture(scope="session")
async def qwen(launch: Launch) -> AsyncGenerator[LlamaCpp]:
    """Run the larger model, which calls functions well."""
    file = launch.model_file.with_name("Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf")
    if not file.is_file():
        pytest.skip(f"{file} is missing: run `fondaco models pull qwen2.5-coder-0.5b`")
    engine = LlamaCpp("embedded", replace(launch, model_file=file, slots=2))
    async with anyio.create_task_group() as group:
        await group.start(engine.run)
        yield engine
        group.cancel_scope.cancel()


@pytest.fixture(scope="session")
def model() -> str:
    return "smollm2-135m"
