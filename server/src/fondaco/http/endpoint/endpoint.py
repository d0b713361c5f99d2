"""Endpoints: an async function bound to a method and a path, with its contract for OpenAPI."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel

from fondaco.domain.errors import FondacoError, InvalidRequestError
from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.account import Account, Key
from fondaco.domain.money.call import Call, IdempotencyKey
from fondaco.http.endpoint.bodies import Body, validated
from fondaco.http.endpoint.body_memory import BodyMemory
from fondaco.http.endpoint.dialect import ApiDialect
from fondaco.http.endpoint.file_stream import StreamedFile
from fondaco.http.endpoint.responses import Events, Response
from fondaco.http.endpoint.sealed import SealedPayload, is_sealed, not_sealable, sealed_payload
from fondaco.http.endpoint.strict_json import repeated
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.exchange.heartbeat import Heartbeat
from fondaco.serving.admission.memory_budget import MemoryBudget, MemoryShare
from fondaco.serving.platform import Platform

BodyT = TypeVar("BodyT", bound=BaseModel | None)
QueryT = TypeVar("QueryT", bound=BaseModel | None)
AnyResponse: TypeAlias = Response | Events | StreamedFile
"""Sent whole, as events, or as a file while it is made."""


class Contract(Protocol):
    """The OpenAPI document of the server's APIs."""

    def json(self) -> bytes:
        """Return it as JSON."""
        ...

    def yaml(self) -> bytes:
        """Return it as YAML."""
        ...


@dataclass(frozen=True, slots=True)
class AppState:
    """The state that all requests to a server share."""

    platform: Platform
    contract: Contract
    heartbeat: Heartbeat
    body_memory: BodyMemory
    reply_memory: MemoryBudget
    """Caps what whole replies above 64 KiB occupy until they are sent.

    Where a reply may be large, its endpoint reserves the most that it can be before any work, so that a caller
    for whom there is no room pays nothing. A finished reply is counted by its length, room or not.
    """
    ping_interval_s: float
    write_timeout_s: float


class Access(Enum):
    """Callers that an endpoint admits."""

    ANYBODY = "anybody"
    KEY = "any key"
    ADMIN = "an admin key"
    OPERATOR = "an admin key of an operator's account"
    """One of the accounts that `server.operators` names."""
    METRICS = "an admin key, the token for scrapers, or this machine itself"
    """As the setting `server.metrics` says."""


@fast_init
@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated caller: a key and its account."""

    key: Key
    account: Account


@fast_init
@dataclass(frozen=True, slots=True)
class RequestContext(Generic[BodyT, QueryT]):
    """The validated request that an endpoint's function receives, with the platform that serves it."""

    platform: Platform
    contract: Contract
    exchange: Exchange
    reply_memory: MemoryShare
    """Memory share of the reply until it is sent; where it may be large, hold the maximum before any work."""
    caller: Caller | None
    body: BodyT
    query: QueryT
    path: Mapping[str, str]
    idempotency_key: IdempotencyKey | None = None
    """Under it the request runs once, however often it is sent."""
    sealed: SealedPayload | None = None
    """The body as it was received, where its content is encrypted."""

    def call(self) -> Call:
        """Return the call that this request opens; only for endpoints that require a key."""
        caller = self.key_holder
        key, account = caller.key, caller.account
        now = self.platform.clock.now()
        return Call(
            self.exchange.id, account.id, key.id, now, key.limit, account.tier, self.idempotency_key
        )

    @property
    def key_holder(self) -> Caller:
        """The caller; only for endpoints that require a key."""
        if self.caller is None:
            raise AssertionError("This endpoint is open to anybody.")
        return self.caller


class PathParameter(NamedTuple):
    """A path parameter, for OpenAPI; bodies and queries have their examples in their schemas."""

    description: str
    example: str


@dataclass(frozen=True, slots=True)
class Link:
    """A follow-up operation that takes values of a response, for OpenAPI.

    Values are expressions of OpenAPI, such as `$response.body#/data/id`.
    """

    name: str
    operation: str
    """The `Endpoint.id` of the other endpoint."""
    description: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Its path and query parameters."""
    body: Mapping[str, str] = field(default_factory=dict)
    """The fields of its body."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a response of one status, for OpenAPI."""

    description: str
    schema: type[BaseModel] | None = None
    media_type: str = "application/json"
    stream: type[BaseModel] | None = None
    """The data of one server-sent event, where the response may be a stream."""
    text_type: str | None = None
    """The media type of the plain text that `Accept` may ask for instead."""
    files: tuple[str, ...] = ()
    """The media types of the file that the response may be instead."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Name -> description of headers that only this response carries."""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Generic[BodyT, QueryT]):
    """One operation of an API."""

    dialect: ApiDialect
    method: str
    path: str
    """Absolute, with `{name}` for a path parameter."""
    run: Callable[[RequestContext[BodyT, QueryT]], Awaitable[AnyResponse]]
    summary: str
    tag: str
    access: Access = Access.KEY
    body: Body | None = None
    query: type[BaseModel] | None = None
    lists: frozenset[str] = frozenset()
    """Fields of its query that may be given more than once."""
    responses: Mapping[int, Content] = field(default_factory=dict)
    """Status -> content of each response that is not an error."""
    parameters: Mapping[str, PathParameter] = field(default_factory=dict)
    """Path parameters by name."""
    slashes: bool = False
    """Whether the values of its path parameters may hold slashes, as ids of models do."""
    errors: tuple[type[FondacoError], ...] = ()
    """Errors beyond those that every endpoint may raise."""
    paid: bool = False
    """Whether a request is a call: it costs money, takes an `Idempotency-Key`, and counts among its
    account's concurrent calls."""
    idempotent: bool = False
    """Whether a request that is no call takes an `Idempotency-Key`."""
    sealed: bool = False
    """Whether it takes content that is encrypted to an enclave; other calls refuse it."""
    limited: bool = False
    """Whether a request that costs nothing counts among its account's concurrent calls: its work grows
    with its body."""
    always_open: bool = False
    """Whether it responds while the server drains, and to throttled callers; it looks at no caller's key."""
    at_any_address: bool = False
    """Whether an open endpoint responds to throttled addresses, which people who log in may share with strangers."""
    listed: bool = True
    """Whether OpenAPI shows it."""

    @property
    def counts_failures(self) -> bool:
        """Whether a failed request counts against its sender: a wrong key does, bad health does not."""
        return not self.always_open or self.access is not Access.ANYBODY

    @property
    def id(self) -> str:
        """The operation id: the name of its module and of its function."""
        return f"{self.run.__module__.rpartition('.')[2]}_{self.run.__name__}"

    def mirrored(self, path: str, dialect: ApiDialect) -> "Endpoint[BodyT, QueryT]":
        """Return the same endpoint at another path, in the dialect there; OpenAPI shows only the first."""
        return replace(self, path=path, dialect=dialect, listed=False)

    async def answer(
        self,
        state: AppState,
        exchange: Exchange,
        caller: Caller | None,
        path: Mapping[str, str],
        reply_memory: MemoryShare,
    ) -> AnyResponse:
        """Validate the request and run the endpoint's function; `reply_memory` is for what it returns.

        Raises:
            InvalidRequestError: the body or query breaks the contract; all faults are named at once.
            InvalidContentTypeError: the body is of another format, or compressed.
            InvalidFileSizeError: the body is too large.
            SealedRequestError: its content is encrypted, and this endpoint takes none such.
        """
        sealed: SealedPayload | None = None
        encrypted = self.paid and is_sealed(exchange.headers)
        if encrypted and not self.sealed:
            raise not_sealable(self.path)
        body: Any = None
        query: Any = None
        idempotency_key: IdempotencyKey | None = None
        if self.query is not None:
            query = validated(self.query, _query_fields(exchange.query_pairs(), self.lists))
        if self.body is not None:
            self.body.expect_type(exchange)
            body, octets = await self.body.read(exchange, state.body_memory)
            if (self.paid or self.idempotent) and (
                name := exchange.headers.get(b"idempotency-key")
            ) is not None:
                idempotency_key = _idempotency_key(state.platform, caller, name, self.path, octets)
            if encrypted:
                sealed = sealed_payload(exchange.headers, octets)
        context = RequestContext(
            state.platform,
            state.contract,
            exchange,
            reply_memory,
            caller,
            body,
            query,
            path,
            idempotency_key,
            sealed,
        )
        return await self.run(context)


def _query_fields(pairs: Sequence[tuple[str, str]], lists: frozenset[str]) -> dict[str, str]:
    """Return a query's fields; the values of a repeated list field are joined by commas.

    Raises:
        InvalidRequestError: another field is given more than once.
    """
    fields = dict(pairs)
    if len(fields) != len(pairs):
        duplicates = sorted({*repeated(name for name, _ in pairs)} - lists)
        if duplicates:
            raise InvalidRequestError(
                faults=dict.fromkeys(duplicates, ("Parameter given more than once.",))
            )
        for name in lists & fields.keys():
            fields[name] = ",".join(value for other, value in pairs if other == name)
    return fields


def _idempotency_key(
    platform: Platform, caller: Caller | None, name: bytes, path: str, body: bytes
) -> IdempotencyKey | None:
    if caller is None:
        return None
    return platform.idempotency.key_of(caller.account.id, name, path, body)
