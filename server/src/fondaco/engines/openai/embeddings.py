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
from fondaco.engines.common.lenient_json import loads
from fondaco.engines.common.vectors import vectors_of
from fondaco.engines.openai.errors import error_in_body, refusal
from fondaco.ports.incidents import Incident, report

_EMBEDDINGS = "/embeddings"
_SPECIAL_TOKENS = 8
"""Above the number of special tokens that tokenizers add to a text."""
_SLICE = 2**16
"""Characters bounded between checkpoints, which let other calls run: a few milliseconds."""
_REFUSAL_LIMIT_BYTES = 2**20
_NUMBER_BYTES = 32
"""Above the length of a vector's number in JSON."""
_VALUES_AN_ENTRY = 16
"""More than the values of an entry beside its vector."""
_VALUES_BESIDE = 4096
"""More than the values of a reply beside its entries."""
_NO_SUCH_FIELD = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}


@dataclass(frozen=True, slots=True)
class UpstreamModel:
    """An embedding model as an upstream engine runs it."""

    name: str
    """The engine's name for it."""
    dimensions: int
    """Of its vectors; an engine that sends others violates its configuration."""


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
        self._supports_formats = True
        """Whether the engine supports `encoding_format`, as far as is known."""

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
            InputTooLongError: the engine reports it.
            EngineError: it fails, or does not send one vector per input.
        """
        if counts is None:
            counts = await self.measure(request)
        model = self._model(request)
        _expect_ids(request.inputs)
        limit = _REFUSAL_LIMIT_BYTES + len(request.inputs) * model.dimensions * _NUMBER_BYTES
        status, headers, body = await self._post(request, model, limit)
        if status in _NO_SUCH_FIELD and self._supports_formats and b"encoding_format" in body:
            status, headers, body = await self._post(request, model, limit, formats=False)
            # If this also fails, the error was about the input, and says nothing about the format.
            self._supports_formats = status != HTTPStatus.OK
        if status != HTTPStatus.OK:
            raise _embedding_error(refusal(status, headers, body), request)
        document = _document(body, request, model)
        vectors = await vectors_of(
            document.get("data"), len(request.inputs), model.dimensions, request.dimensions
        )
        return Embeddings(vectors, self._usage(document, request, counts))

    async def probe(self) -> None:
        """Embed one word with the first model.

        Raises:
            EngineError: it cannot.
        """
        for model in self._models:
            await self.embed(EmbeddingRequest(model, ("Hi",)), None)
            return
        raise EngineError(f"The engine {self._name!r} has no embedding models.")

    async def _post(
        self, request: EmbeddingRequest, model: UpstreamModel, limit: int, *, formats: bool = True
    ) -> tuple[int, Mapping[str, str], bytes]:
        body_fields: dict[str, object] = {
            "model": model.name,
            "input": _json_inputs(request.inputs),
        }
        if formats and self._supports_formats:
            body_fields["encoding_format"] = "base64"  # a fifth of the size of decimal numbers
        async with self._client.send("POST", _EMBEDDINGS, orjson.dumps(body_fields)) as reply:
            ok = reply.status == HTTPStatus.OK
            body = await reply.read(limit if ok else _REFUSAL_LIMIT_BYTES)
            return reply.status, reply.headers, body

    def _usage(
        self, document: Mapping[str, Any], request: EmbeddingRequest, counts: TokenCounts
    ) -> Report:
        """Return the engine's token count, unless it exceeds the upper bound."""
        usage = document.get("usage")
        prompt_tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        plausible = whole(prompt_tokens, counts.input_tokens)
        if plausible:
            return Report(input_tokens=plausible)
        if prompt_tokens is not None:
            report(
                Incident.ENGINE_REPLY_REPAIRED,
                reason="count",
                engine=self._name,
                model=request.model,
            )
        return Report(discarded=prompt_tokens is not None)

    def _model(self, request: EmbeddingRequest) -> UpstreamModel:
        model = self._models.get(request.model)
        if model is None:
            raise EngineError(f"The engine {self._name!r} has no model {request.model!r}.")
        return model


def _expect_ids(inputs: Sequence[EmbeddingInput]) -> None:
    """Reject token ids outside any vocabulary; the engine checks the others."""
    for index, one in enumerate(inputs):
        if isinstance(one, tuple) and not all(0 <= token <= MOST for token in one):
            invalid = next(token for token in one if not 0 <= token <= MOST)
            raise UnknownTokenError(index, invalid, alone=len(inputs) == 1)


def _json_inputs(inputs: Sequence[EmbeddingInput]) -> object:
    """Return the inputs as JSON values, lone surrogates replaced."""
    return [
        one.encode("utf-8", "replace").decode() if isinstance(one, str) else list(one)
        for one in inputs
    ]


async def _bound(one: EmbeddingInput) -> int:
    """Return an upper bound of an input's tokens, with checkpoints that let other calls run."""
    if not isinstance(one, str) or one.isascii():
        return len(one)
    bound = 0
    for start in range(0, len(one), _SLICE):
        await checkpoint()
        bound += token_bound(one[start : start + _SLICE])
    return bound


def _document(body: bytes, request: EmbeddingRequest, model: UpstreamModel) -> Mapping[str, Any]:
    """Parse a response body; raise the error that it reports."""
    values = _VALUES_BESIDE + len(request.inputs) * (model.dimensions + _VALUES_AN_ENTRY)
    try:
        document = loads(body, values)
    except ValueError as error:
        raise EngineError(
            "The model's engine sent a reply that is not JSON or has more values than its vectors need."
        ) from error
    if not isinstance(document, dict):
        raise EngineError("The model's engine sent a reply that is not a JSON object.")
    if "data" not in document and (fault := error_in_body(document)) is not None:
        raise _embedding_error(fault, request)
    return document


def _embedding_error(error: FondacoError, request: EmbeddingRequest) -> FondacoError:
    """Convert a context overflow into the error for inputs."""
    if not isinstance(error, ContextTooLongError):
        return error
    alone = len(request.inputs) == 1
    return InputTooLongError(
        0 if alone else None, error.input_tokens, error.context_tokens, alone=alone
    )
