"""Request bodies: their formats and limits, reading and validation."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from pydantic import BaseModel, ValidationError

from fondaco.domain.errors import InvalidContentTypeError, InvalidRequestError
from fondaco.http.endpoint.body_memory import BodyMemory
from fondaco.http.endpoint.strict_json import parse, parse_exactly
from fondaco.http.endpoint.validation_errors import faults_of
from fondaco.http.exchange.exchange import UNCOUNTED_BYTES, Exchange

JSON = "application/json"
PLAIN_TEXT = "text/plain"


class BodySize(Enum):
    """Maximum size of a body, by its kind."""

    SMALL = "up to 64 KiB, outside the body memory budget"
    TEXT = "up to server.body_limit_bytes"
    MEDIA = "up to server.media_body_limit_bytes, beyond the other limit by long strings only"


class ReceivedBody(NamedTuple):
    """A body that keeps to its endpoint's schema."""

    value: BaseModel
    octets: bytes
    """As it was sent; an idempotency key stands for exactly these."""


class Body(Protocol):
    """A kind of request body: one class for each format, such as JSON."""

    @property
    def schema(self) -> type[BaseModel]:
        """The model that a body is validated against."""
        ...

    @property
    def media_types(self) -> tuple[str, ...]:
        """The values of Content-Type that OpenAPI lists."""
        ...

    def expect_type(self, exchange: Exchange) -> None:
        """Return if the request's Content-Type is one of this kind.

        Raises:
            InvalidContentTypeError: it is another.
        """
        ...

    async def read(self, exchange: Exchange, memory: BodyMemory) -> ReceivedBody:
        """Receive and validate the body.

        Raises:
            InvalidRequestError: it breaks the schema; all faults are named at once.
            InvalidContentTypeError: it is compressed.
            InvalidFileSizeError: it is too large.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Json:
    """A JSON body, read strictly: see `strict_json`."""

    schema: type[BaseModel]
    size: BodySize = BodySize.SMALL
    decimals: bool = False
    """Whether numbers with a fraction arrive as Decimal, as amounts of money must."""
    untyped: bool = False
    """Whether `text/plain` or no Content-Type is accepted too: a browser's bare `fetch` sends that."""

    @property
    def media_types(self) -> tuple[str, ...]:
        """As `Body` says."""
        return (JSON, PLAIN_TEXT) if self.untyped else (JSON,)

    def expect_type(self, exchange: Exchange) -> None:
        """As `Body` says; `application/*+json` is JSON, too."""
        content_type = exchange.headers.get(b"content-type", b"")
        media_type = content_type.partition(b";")[0].strip().lower()
        if self.untyped and media_type in (b"", b"text/plain"):
            return
        if media_type != b"application/json" and not media_type.endswith(b"+json"):
            received = media_type.decode("latin-1")[:80]
            raise InvalidContentTypeError(
                f"Invalid content type {received!r}. "
                "Send JSON with the header Content-Type: application/json."
            )

    async def read(self, exchange: Exchange, memory: BodyMemory) -> ReceivedBody:
        """As `Body` says."""
        if self.size is BodySize.SMALL:
            octets = await exchange.body(UNCOUNTED_BYTES)
        else:
            octets = await memory.read(exchange, media=self.size is BodySize.MEDIA)
        try:
            value = parse_exactly(octets) if self.decimals else parse(octets)
        except InvalidRequestError:
            expect_uncompressed(exchange.headers.get(b"content-encoding", b""))
            raise
        return ReceivedBody(validated(self.schema, value), octets)


def validated(model: type[BaseModel], value: object) -> BaseModel:
    """Return `value` as an instance of `model`.

    Raises:
        InvalidRequestError: it breaks the schema; all faults are named at once.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidRequestError(faults=faults_of(error, model)) from None


def expect_uncompressed(encoding: bytes) -> None:
    """Return if a body that is not JSON is not compressed, either.

    Source: RFC 9110, section 15.5.16: 415 also answers a content coding that is not supported.
    """
    if encoding.strip().lower() not in (b"", b"identity"):
        raise InvalidContentTypeError(
            "The body is compressed, which is not supported. Send it without Content-Encoding."
        )
