"""Embedding models of any engine that speaks OpenAI's embeddings API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from anyio.lowlevel import checkpoint

from fondaco.clients.client import HttpClient
from fondaco.domain.embedding import (
    EmbeddingInput,
    EmbeddingRequest,
    Embeddings,
    TokenCounts,
    token_bound,
)
from fondaco.domain.errors import (
    ContextTooLongError,
    EngineError,
    FondacoError,
    InputTooLongError,
    UnknownTokenError,
)
from fondaco.domain.money.usage import Report
from fondaco.domain.untrusted_numbers import MOST, whole
from fondaco.engines.common.vectors import vectors_of
from fondaco.engines.openai.errors import error_in_body, refusal
from fondaco.engines.openai.lenient_json import loads
from fondaco.ports.incidents import Incident, report

_EMBEDDINGS = "/embeddings"
_SPECIAL_TOKENS = 8
"""More than tokenizers put around a text."""
_SLICE = 2**16
"""Characters of a text that are bounded before other calls get their turn: a few milliseconds."""
_REFUSAL_LIMIT_BYTES = 2**20
_NUMBER_BYTES = 32
"""More than a number of a vector takes in JSON."""
_NO_SUCH_FIELD = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}


@dataclass(frozen=True, slots=True)
class UpstreamModel:
    """An embedding model as an upstream engine runs it."""

    name: str
    """The engine's name for it."""
    dimensions: int
    """Of its vectors; an engine that sends others breaks its word."""


class OpenAIEmbeddings:
    """An `EmbeddingEngine` behind OpenAI's embeddings API."""

    def __init__(self, name: str, client: HttpClient, models: Mapping[str, UpstreamModel]) -> None:
        """Describe the engine.

        Args:
            name: in the configuration.
            client: its address, up to and including `/v1`.
            models: our model id -> the engine's model.
        """
        self._name = name
        self._client = client
        self._models = models
        self._takes_formats = True
        """Whether the engine knows `encoding_format`, as far as it has shown."""

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    async def measure(self, request: EmbeddingRequest) -> TokenCounts:
        """Return upper bounds, without asking the engine: a token is at least one byte."""
        self._model(request)
        _expect_ids(request.inputs)
        bounds = [await _bound(one) + _SPECIAL_TOKENS for one in request.inputs]
        return TokenCounts(tuple(bounds), exact=False)

    async def embed(self, request: EmbeddingRequest, counts: TokenCounts | None) -> Embeddings:
        """Return the engine's vectors, scaled to unit length and shortened here.

        Raises:
            InputTooLongError: the engine says so.
            EngineError: it fails, or what it sends is not one vector per input.
        """
        if counts is None:
            counts = await self.measure(request)
        model = self._model(request)
        _expect_ids(request.inputs)
        limit = _REFUSAL_LIMIT_BYTES + len(request.inputs) * model.dimensions * _NUMBER_BYTES
        status, headers, body = await self._sent(request, model, limit)
        if status in _NO_SUCH_FIELD and self._takes_formats and b"encoding_format" in body:
            self._takes_formats = False
            status, headers, body = await self._sent(request, model, limit)
        if status != HTTPStatus.OK:
            raise _meant(refusal(status, headers, body), request)
        told = _document(body, request)
        vectors = await vectors_of(
            told.get("data"), len(request.inputs), model.dimensions, request.dimensions
        )
        return Embeddings(vectors, self._usage(told, request, counts))

    async def probe(self) -> None:
        """Embed one word with the first model.

        Raises:
            EngineError: it cannot.
        """
        for model in self._models:
            await self.embed(EmbeddingRequest(model, ("Hi",)), None)
            return
        raise EngineError(f"The engine {self._name!r} has no embedding models.")

    async def _sent(
        self, request: EmbeddingRequest, model: UpstreamModel, limit: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        asked: dict[str, object] = {"model": model.name, "input": _spelled(request.inputs)}
        if self._takes_formats:
            asked["encoding_format"] = "base64"  # a fifth of the bytes that numbers take
        async with self._client.send("POST", _EMBEDDINGS, orjson.dumps(asked)) as reply:
            ok = reply.status == HTTPStatus.OK
            body = await reply.read(limit if ok else _REFUSAL_LIMIT_BYTES)
            return reply.status, reply.headers, body

    def _usage(
        self, told: Mapping[str, Any], request: EmbeddingRequest, counts: TokenCounts
    ) -> Report:
        """Return what the engine counted, unless no tokenizer can have counted it."""
        usage = told.get("usage")
        said = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        counted = whole(said, counts.input_tokens)
        if counted:
            return Report(input_tokens=counted)
        if said is not None:
            report(
                Incident.ENGINE_REPLY_REPAIRED,
                reason="count",
                engine=self._name,
                model=request.model,
            )
        return Report(discarded=said is not None)

    def _model(self, request: EmbeddingRequest) -> UpstreamModel:
        model = self._models.get(request.model)
        if model is None:
            raise EngineError(f"The engine {self._name!r} has no model {request.model!r}.")
        return model


def _expect_ids(inputs: Sequence[EmbeddingInput]) -> None:
    """Refuse token ids that no vocabulary has; of the others, the engine knows."""
    for index, one in enumerate(inputs):
        if isinstance(one, tuple) and not all(0 <= token <= MOST for token in one):
            odd = next(token for token in one if not 0 <= token <= MOST)
            raise UnknownTokenError(index, odd, alone=len(inputs) == 1)


def _spelled(inputs: Sequence[EmbeddingInput]) -> object:
    """Return the inputs as JSON takes them: half a surrogate pair has no bytes."""
    return [
        one.encode("utf-8", "replace").decode() if isinstance(one, str) else list(one)
        for one in inputs
    ]


async def _bound(one: EmbeddingInput) -> int:
    """Return at least as many tokens as an engine makes of an input, letting other calls go on meanwhile."""
    if not isinstance(one, str) or one.isascii():
        return len(one)
    bound = 0
    for start in range(0, len(one), _SLICE):
        await checkpoint()
        bound += token_bound(one[start : start + _SLICE])
    return bound


def _document(body: bytes, request: EmbeddingRequest) -> Mapping[str, Any]:
    """Return a reply that is no error."""
    try:
        told = loads(body)
    except ValueError as error:
        raise EngineError("The model's engine sent what is not JSON.") from error
    if not isinstance(told, dict):
        raise EngineError("The model's engine sent a reply that is no object.")
    if "data" not in told and (fault := error_in_body(told)) is not None:
        raise _meant(fault, request)
    return told


def _meant(error: FondacoError, request: EmbeddingRequest) -> FondacoError:
    """Return an engine's error in the words of embeddings."""
    if not isinstance(error, ContextTooLongError):
        return error
    alone = len(request.inputs) == 1
    return InputTooLongError(
        0 if alone else None, error.input_tokens, error.context_tokens, alone=alone
    )
