"""The API's dialect as an enclave needs it: requests read, responses written; the composition root injects it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.money.usage import Usage


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request's body, validated and converted."""

    request: ChatRequest
    """Without a model and an output limit."""
    model: str
    """The id of the model that its name routes to here."""
    stream: bool
    usage: bool
    """Whether the last chunk of a stream reports usage."""
    plain: tuple[str, ...]
    """Fields that are set, and would expose content in plain text."""
    echo: bytes | None
    """The `venice_parameters` in effect, as JSON."""


class ChunkWriter(Protocol):
    """Writes the events of a call as server-sent events."""

    def write(self, batch: EventBatch) -> bytes:
        """Return the events of a batch; empty if none of it is shown."""
        ...

    def usage(self, usage: Usage) -> bytes:
        """Return the event that reports usage."""
        ...


class BodyWriter(Protocol):
    """Accumulates the events of a call into one response body."""

    def add(self, batch: EventBatch) -> None:
        """Add a batch of events."""
        ...

    def settle(self, usage: Usage) -> None:
        """Set the usage that the response reports."""
        ...

    def body(self, completion_id: str, created: int, model: str, echo: bytes | None) -> bytes:
        """Return the response body as JSON."""
        ...


class SealedDialect(Protocol):
    """Reads requests of the API, and writes its responses."""

    stream_end: bytes
    """The event that ends a stream which ended well."""

    def parse(self, body: bytes) -> object:
        """Return the JSON value of a body.

        Raises:
            InvalidRequestError: it is none, or one that parsers disagree about.
        """
        ...

    def read(self, body: Mapping[str, Any], *, cache_scope: str) -> ReadRequest:
        """Validate and convert a body, whether or not its content is encrypted.

        Raises:
            InvalidRequestError: it breaks the schema; its text may quote the body.
            ModelNotFoundError: no model is here by its name.
        """
        ...

    def chunks(self, completion_id: str, created: int, model: str) -> ChunkWriter:
        """Return the writer of a stream."""
        ...

    def whole(self, choices: int) -> BodyWriter:
        """Return the writer of a whole response."""
        ...
