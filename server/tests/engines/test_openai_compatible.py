"""The engine for OpenAI-compatible upstreams, against a fake one and a real llama.cpp server."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from contracts.chat_engine import ChatEngineContract
from fake_upstream import FakeUpstream
from fondaco.clients.connect import connect
from fondaco.engines.openai.engine import OpenAICompatible
from fondaco.ports import ChatEngine

_MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_LLAMA_SERVER = """
import sys
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx, params.n_parallel = 8192, 4
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.api_keys, params.ui, params.port = ["k"], False, 0
params.verbosity = params.cache_ram_mib = 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def model() -> str:
    return "counter"


async def _engine(
    fake: FakeUpstream, *, whole_as_stream: bool = True, total_timeout_s: float = 20.0
) -> AsyncGenerator[OpenAICompatible]:
    async with fake:
        upstream = connect(
            fake.base_url,
            key=fake.key,
            first_byte_timeout_s=min(5.0, total_timeout_s / 2),
            total_timeout_s=total_timeout_s,
        )
        yield OpenAICompatible(
            "faker",
            upstream,
            {"counter": fake.model},
            dialect=fake.dialect,
            whole_as_stream=whole_as_stream,
        )
        await upstream.aclose()


class TestOpenAIDialect(ChatEngineContract):
    @pytest.fixture
    async def engine(self) -> AsyncGenerator[ChatEngine]:
        async for engine in _engine(FakeUpstream(dialect="openai", key="k")):
            yield engine


class TestVllmDialect(ChatEngineContract):
    @pytest.fixture
    async def engine(self) -> AsyncGenerator[ChatEngine]:
        async for engine in _engine(FakeUpstream(dialect="vllm", key="k")):
            yield engine


class TestLlamaServerDialect(ChatEngineContract):
    @pytest.fixture
    async def engine(self) -> AsyncGenerator[ChatEngine]:
        async for engine in _engine(FakeUpstream(dialect="llama-server", key="k")):
            yield engine


class TestWholeReplies(ChatEngineContract):
    @pytest.fixture
    async def engine(self) -> AsyncGenerator[ChatEngine]:
        async for engine in _engine(FakeUpstream(dialect="llama-server"), whole_as_stream=False):
            yield engine


@pytest.fixture(scope="module")
def llama_server() -> Iterator[str]:
    """Run a real llama.cpp server in a process of its own."""
    pytest.importorskip("xllamacpp", reason="the extra `embedded` is not installed")
    folder = Path(os.environ.get("FONDACO_MODELS", "~/.cache/fondaco/models")).expanduser()  # noqa: TID251 - a test finds the models as the settings do
    if not (folder / _MODEL_FILE).exists():
        pytest.skip(f"the model file {_MODEL_FILE} is not installed")
    with subprocess.Popen(
        [sys.executable, "-c", _LLAMA_SERVER, str(folder / _MODEL_FILE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip()
        finally:
            child.kill()


class TestRealLlamaServer(ChatEngineContract):
    @pytest.fixture
    async def engine(self, llama_server: str) -> AsyncGenerator[ChatEngine]:
        upstream = connect(f"{llama_server}/v1", key="k")
        yield OpenAICompatible("llama", upstream, {"counter": "any"}, dialect="llama-server")
        await upstream.aclose()
