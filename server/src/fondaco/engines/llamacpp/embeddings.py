"""Embedding models as GGUF files: llama.cpp's server in a child of its own, in embedding mode."""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import anyio
import anyio.abc
import orjson

from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.domain.embedding import EmbeddingInput, Vector
from fondaco.domain.errors import EngineError
from fondaco.domain.extras import how_to_install
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.vectors import vectors_of
from fondaco.engines.llamacpp.supervisor import Launch, Running, Supervisor
from fondaco.workers.backend import UnknownToken

BATCH_TOKENS = 256
"""A model of 100 million parameters embeds as many in about a second on one core."""
_REPLY_LIMIT = 64 * 2**20


@dataclass(frozen=True, slots=True)
class GgufProgram:
    """A child that runs a GGUF file as an embedding model."""

    launch: Launch
    dimensions: int
    prefix: str = ""
    """Put before each text."""
    batch_timeout_s: float = 120.0

    def backend(self, *, engine: str, model: str) -> "GgufBackend":
        """Return a backend over a supervised child."""
        return GgufBackend(self, engine=engine, model=model)


class GgufBackend:
    """An embedding model in one supervised child process."""

    def __init__(self, program: GgufProgram, *, engine: str, model: str) -> None:
        """Prepare the child; `engine` and `model` name it in the log."""
        self._program = program
        self._supervisor = Supervisor(program.launch, self._connect, engine, model)
        self._vocabulary: int | None = None
        self._special_tokens: list[int] | None = None
        """The special tokens around a text."""

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        state = self._supervisor.state
        return state.pid if isinstance(state, Running) else None

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Supervise the child until cancelled; end it then."""
        await self._supervisor.run(task_status=task_status)

    async def count(self, inputs: Sequence[EmbeddingInput]) -> list[int]:
        """Return the tokens of each input."""
        return [len(tokens) for tokens in await self._tokenized(inputs)]

    async def embed(self, inputs: Sequence[EmbeddingInput]) -> tuple[bytes, list[int]]:
        """Return the vectors and the tokens of each input."""
        tokens = await self._tokenized(inputs)
        vectors: list[Vector] = []
        for token_ids in tokens:
            # One by one: batching with others would change a text's vector in the second digit.
            body = {"input": [token_ids], "encoding_format": "base64"}
            response = await self._ask("POST", "/v1/embeddings", body)
            vectors += await vectors_of(response.get("data"), 1, self._program.dimensions)
        return b"".join(vectors), [len(token_ids) for token_ids in tokens]

    async def _tokenized(self, inputs: Sequence[EmbeddingInput]) -> list[list[int]]:
        """Return the tokens of each input.

        Raises:
            UnknownToken: a token id is not in the vocabulary.
        """
        tokens = []
        for index, text_or_ids in enumerate(inputs):
            text = (
                text_or_ids
                if isinstance(text_or_ids, str)
                else await self._text(index, text_or_ids)
            )
            tokens.append(await self._tokens(f"{self._program.prefix}{text}"))
        return tokens

    async def _tokens(self, text: str) -> list[int]:
        content = text.encode("utf-8", "replace").decode()
        body = {"content": content, "add_special": True, "parse_special": False}
        tokens = (await self._ask("POST", "/tokenize", body)).get("tokens")
        if not isinstance(tokens, list):
            raise EngineError("The model's engine did not return the tokens of a text.")
        return tokens

    async def _text(self, index: int, token_ids: Sequence[int]) -> str:
        """Return the text of some token ids, without the special ones around it."""
        size = await self._vocabulary_size()
        if unknown := [token for token in token_ids if not 0 <= token < size]:
            raise UnknownToken(index, unknown[0])
        if self._special_tokens is None:
            self._special_tokens = await self._tokens("")
        first, last = self._special_tokens[:1], self._special_tokens[1:]
        inner = list(token_ids)
        inner = inner[1:] if inner[:1] == first else inner
        inner = inner[:-1] if last and inner[-1:] == last[-1:] else inner
        response = await self._ask("POST", "/detokenize", {"tokens": inner})
        return str(response.get("content", "")).removeprefix(" ")

    async def _vocabulary_size(self) -> int:
        """Return the size of the model's vocabulary."""
        if self._vocabulary is None:
            response = await self._ask("GET", "/v1/models")
            self._vocabulary = whole(response["data"][0]["meta"]["n_vocab"])
            if self._vocabulary is None:
                raise EngineError("The model's engine does not report the size of its vocabulary.")
        return self._vocabulary

    async def _ask(
        self, method: str, path: str, parameters: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        upstream = (await self._supervisor.running()).upstream
        body = b"" if parameters is None else orjson.dumps(parameters)
        async with upstream.send(method, path, body) as reply:
            answer: object = orjson.loads(await reply.read(_REPLY_LIMIT))
            if reply.status != HTTPStatus.OK or not isinstance(answer, dict):
                raise EngineError(
                    f"The model's engine failed with status {reply.status}. If this persists, "
                    "the operator must check that the file is an embedding model, and its "
                    "`pooling`."
                )
        return answer

    def _connect(self, address: str, key: str) -> HttpClient:
        timeout_s = self._program.batch_timeout_s
        return connect(address, key=key, first_byte_timeout_s=timeout_s, total_timeout_s=timeout_s)


def unavailable_reason() -> str:
    """Return why GGUF files cannot run here, and the fix; empty if they can."""
    if importlib.util.find_spec("xllamacpp") is not None:
        return ""
    return f"The embedded engine is not installed. {how_to_install('embedded')}"
