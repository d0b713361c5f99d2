"""An endpoint: an async function bound to a method and path, with its contract for OpenAPI."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from fondaco.domain.errors import FondacoError, InvalidContentTypeError, InvalidRequestError
from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.account import Account, Key
from fondaco.domain.money.call import Call, IdempotencyKey
from fondaco.http.endpoint.body_memory import BodyMemory
from fondaco.http.endpoint.responses import Events, Response
from fondaco.http.endpoint.strict_json import parse, parse_exactly, repeated
from fondaco.http.endpoint.validation_errors import faults_of
from fondaco.http.wire.exchange import UNCOUNTED_BYTES, Exchange
from fondaco.http.wire.heartbeat import Heartbeat
from fondaco.serving.platform import Platform

BodyT = TypeVar("BodyT", bound=BaseModel | None)
QueryT = TypeVar("QueryT", bound=BaseModel | None)


class Contract(Protocol):
    """The API's own description."""

    def json(self) -> bytes:
        """Return it as JSON."""
        ...

    def yaml(self) -> bytes:
        """Return it as YAML."""
        ...


@dataclass(frozen=True, slots=True)
class AppState:
    """Where endpoints work: what all exchanges of a server share."""

    platform: Platform
    contract: Contract
    heartbeat: Heartbeat
    room: BodyMemory
    """For the bodies of calls."""
    ping_interval_s: float
    write_timeout_s: float


class Access(Enum):
    """Who may call an endpoint."""

    ANYBODY = "anybody"
    KEY = "any key"
    ADMIN = "an admin key"
    OPERATOR = "an admin key, the token for scrapers, or this machine itself"
    """As the setting `server.metrics` says."""


@fast_init
@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the key and its account."""

    key: Key
    account: Account


@fast_init
@dataclass(frozen=True, slots=True)
class RequestContext(Generic[BodyT, QueryT]):
    """What an endpoint's function gets: who asks for what, and the platform to answer with."""

    platform: Platform
    contract: Contract
    exchange: Exchange
    caller: Caller | None
    body: BodyT
    query: QueryT
    path: Mapping[str, str]
    idempotency_key: IdempotencyKey | None = None
    """The caller's wish that this runs once, however often it is sent."""

    def call(self) -> Call:
        """Return the call that this request is, for an endpoint that asks for a key."""
        caller = self.key_holder
        key, account = caller.key, caller.account
        now = self.platform.clock.now()
        return Call(
            self.exchange.id, account.id, key.id, now, key.limit, account.tier, self.idempotency_key
        )

    @property
    def key_holder(self) -> Caller:
        """The caller of an endpoint that asks for a key."""
        if self.caller is None:
            raise AssertionError("This endpoint is open to anybody.")
        return self.caller


@dataclass(frozen=True, slots=True)
class Link:
    """An endpoint that takes what a reply gave, for OpenAPI.

    Values are expressions of OpenAPI, such as `$response.body#/data/id`.
    """

    name: str
    operation: str
    """The `Endpoint.id` of the other endpoint."""
    description: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What goes into its path and query."""
    body: Mapping[str, str] = field(default_factory=dict)
    """What goes into its body."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a reply of one status holds, for OpenAPI."""

    description: str
    schema: type[BaseModel] | None = None
    media_type: str = "application/json"
    stream: type[BaseModel] | None = None
    """What one server-sent event holds, where the reply may be a stream."""
    done: bool = True
    """Whether a stream that ended well has `[DONE]` as its last event."""
    text_type: str | None = None
    """The media type of plain text that the reply may be in instead, by `Accept`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Name -> description of headers that other replies do not carry."""
    links: tuple[Link, ...] = ()
    """Where what it gives can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Generic[BodyT, QueryT]):
    """One address of the API."""

    method: str
    path: str
    """Absolute, with `{name}` for a path parameter."""
    run: Callable[[RequestContext[BodyT, QueryT]], Awaitable[Response | Events]]
    summary: str
    tag: str
    access: Access = Access.KEY
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    lists: frozenset[str] = frozenset()
    """Fields of its query that may be named more than once."""
    replies: Mapping[int, Content] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Name of each parameter in the path -> what it stands for."""
    errors: tuple[type[FondacoError], ...] = ()
    """What it raises beyond what every endpoint may."""
    x_api_key: bool = False
    """Whether the key may come as `x-api-key` too, and `x-selected-account-id` has to fit to it."""
    paid: bool = False
    """Whether it costs money, and so takes an `Idempotency-Key`."""
    any_text: bool = False
    """Whether JSON is taken as `text/plain` or without a type too: what a bare `fetch` sends."""
    exact: bool = False
    """Whether fractions in its body arrive as Decimal: they are money."""
    media: bool = False
    """Whether its body may carry images, sounds and films, and so be larger than others."""
    always_open: bool = False
    """Whether it answers also while the server drains, and to whom much failed; no key of a caller is
    looked at."""
    listed: bool = True
    """Whether OpenAPI shows it."""

    @property
    def counts_failures(self) -> bool:
        """Whether a failed request counts against its sender: a wrong key does, bad health does not."""
        return not self.always_open or self.access is not Access.ANYBODY

    @property
    def id(self) -> str:
        """Its name among all endpoints."""
        return f"{self.run.__module__.rpartition('.')[2]}_{self.run.__name__}"

    async def answer(
        self,
        state: AppState,
        exchange: Exchange,
        caller: Caller | None,
        path: Mapping[str, str],
    ) -> Response | Events:
        """Validate what came, and run.

        Raises:
            InvalidRequestError: the body or query breaks the contract, with all faults at once.
            InvalidContentTypeError: the body is not JSON, or is compressed.
            InvalidFileSizeError: the body is too large.
        """
        body: Any = None
        query: Any = None
        idempotency_key: IdempotencyKey | None = None
        if self.query is not None:
            query = _validated(self.query, _each_once(exchange.query_pairs(), self.lists))
        if self.body is not None:
            _expect_json(exchange.headers.get(b"content-type", b""), any_text=self.any_text)
            body, idempotency_key = await self._read(self.body, state, exchange, caller)
        context = RequestContext(
            state.platform, state.contract, exchange, caller, body, query, path, idempotency_key
        )
        return await self.run(context)

    async def _read(
        self, schema: type[BaseModel], state: AppState, exchange: Exchange, caller: Caller | None
    ) -> tuple[BaseModel, IdempotencyKey | None]:
        """Return the body, and the caller's wish that it is run once."""
        if self.paid:
            raw = await state.room.read(exchange, media=self.media)
        else:  # a few fields: what is not counted has to be small
            raw = await exchange.body(UNCOUNTED_BYTES)
        idempotency_key: IdempotencyKey | None = None
        try:
            value = parse_exactly(raw) if self.exact else parse(raw)
        except InvalidRequestError:
            _expect_uncompressed(exchange.headers.get(b"content-encoding", b""))
            raise
        body = _validated(schema, value)
        if self.paid and (word := exchange.headers.get(b"idempotency-key")) is not None:
            idempotency_key = _idempotency_key(state.platform, caller, word, self.path, raw)
        return body, idempotency_key


def _validated(model: type[BaseModel], value: object) -> BaseModel:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidRequestError(faults=faults_of(error, model)) from None


def _each_once(pairs: Sequence[tuple[str, str]], lists: frozenset[str]) -> dict[str, str]:
    """Return a query's fields; which of two values was meant, nobody can know, but of a list's both."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice = sorted({*repeated(name for name, _ in pairs)} - lists)
        if twice:
            raise InvalidRequestError(faults=dict.fromkeys(twice, ("Name this once only.",)))
        for name in lists & fields.keys():
            fields[name] = ",".join(value for other, value in pairs if other == name)
    return fields


def _idempotency_key(
    platform: Platform, caller: Caller | None, word: bytes, address: str, body: bytes
) -> IdempotencyKey | None:
    if caller is None:
        return None
    return platform.idempotency.idempotency_key(caller.account.id, word, address, body)


def _expect_uncompressed(encoding: bytes) -> None:
    """Raise, if a body that is no JSON is compressed.

    Source: RFC 9110, section 15.5.16: 415 is also for a coding of the content that is not supported.
    """
    if encoding.strip().lower() not in (b"", b"identity"):
        raise InvalidContentTypeError(
            "The body is compressed, which is not supported. Send it without Content-Encoding."
        )


def _expect_json(content_type: bytes, *, any_text: bool) -> None:
    media_type = content_type.partition(b";")[0].strip().lower()
    if any_text and media_type in (b"", b"text/plain"):
        return
    if media_type != b"application/json" and not media_type.endswith(b"+json"):
        shown = media_type.decode("latin-1")[:80]
        raise InvalidContentTypeError(
            f"Invalid content type {shown!r}. Send JSON with the header Content-Type: application/json."
        )
