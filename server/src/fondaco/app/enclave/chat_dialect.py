"""OpenAI's chat, with Venice's extensions, as an enclave reads and writes it."""

from collections.abc import Mapping
from typing import Any

from fondaco.domain.models.catalogue import Catalogue
from fondaco.enclave.dialect import BodyWriter, ChunkWriter, ReadRequest
from fondaco.http.apis.openai.chat.feature_suffix import take_suffix
from fondaco.http.apis.openai.chat.request import ChatRequest
from fondaco.http.apis.openai.chat.sealed import plain_fields
from fondaco.http.apis.openai.chat.venice_echo import DEFAULT_PARAMETERS, echo
from fondaco.http.apis.openai.chat.writers import Accumulator, Chunks
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.bodies import validated
from fondaco.http.endpoint.strict_json import parse


class ChatDialect:
    """The chat of `http.apis.openai.chat`; see `enclave.dialect`."""

    stream_end = VENICE.stream_end

    def __init__(self, catalogue: Catalogue) -> None:
        """Prepare; the catalogue knows the names of models, and tells them from a suffix of parameters."""
        self._catalogue = catalogue

    def parse(self, body: bytes) -> object:
        """As `SealedDialect` says."""
        return parse(body)

    def read(self, body: Mapping[str, Any], *, cache_scope: str) -> ReadRequest:
        """As `SealedDialect` says."""
        request = validated(ChatRequest, body)
        assert isinstance(request, ChatRequest)  # noqa: S101 - it was validated as one
        if ":" in request.model:
            take_suffix(request, self._catalogue)
        options = request.stream_options
        return ReadRequest(
            request.to_domain(cache_scope),
            self._catalogue.route(request.model).model.id,
            stream=bool(request.stream),
            usage=bool(options and options.include_usage),
            plain=plain_fields(request),
            echo=echo(request.venice_parameters or DEFAULT_PARAMETERS),
        )

    def chunks(self, completion_id: str, created: int, model: str) -> ChunkWriter:
        """As `SealedDialect` says."""
        return Chunks(completion_id, created, model)

    def whole(self, choices: int) -> BodyWriter:
        """As `SealedDialect` says."""
        return Accumulator(choices, logprobs=False)
