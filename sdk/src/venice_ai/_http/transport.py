"""The transport: sends requests, retries them, and raises exceptions for error responses."""

import asyncio
import json
import random
import uuid
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import httpx2
from pydantic import ValidationError

from venice_ai._http import headers as _headers
from venice_ai._http.connections import MOST, Connections
from venice_ai._http.request import Request
from venice_ai._proof import Proof
from venice_ai.exceptions import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConflictError,
    InvalidRequestError,
    InvalidResponseError,
    RateLimitError,
    error_of,
)
from venice_ai.metadata import ModelDeprecationWarning, ResponseMetadata
from venice_ai.types._wire import Reply

R = TypeVar("R", bound=Reply)

PROOF = "venice_ai.proof"
"""The response extension with the proof of a confidential call."""
CONNECT_TIMEOUT_S = 5.0
LONGEST_WAIT_S = 60.0
"""A longer `Retry-After` is not waited for: the caller must decide."""
_FIRST_WAIT_S = 0.5
_LONGEST_BACKOFF_S = 8.0
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_UNSENDABLE = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol)
_NO_KEY = (
    "No API key was sent: set the environment variable VENICE_API_KEY, or pass `api_key` to the "
    "client. `fondaco keys create` makes a key."
)
_UNAUTHORIZED = 401
_STRAYED = (
    "The `http_client` has connections of another event loop. Make one in each loop, or leave it to "
    "the client, whose own connections are apart for each loop."
)
_AGAIN = {408, 429, 500, 502, 503, 504}
_REPEATABLE = {"GET", "HEAD", "PUT", "DELETE"}


@dataclass(frozen=True, slots=True)
class Options:
    """Options of requests: time-outs, retries, headers."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    timeout_s: float
    """For each wait: for a connection at most 5 s of it, for the reply's next bytes, and so on."""
    max_retries: int


class Transport:
    """Sends requests, again where that is safe."""

    def __init__(self, options: Options, connections: Connections) -> None:
        self.options = options
        self._connections = connections
        self._warned: set[str] = set()

    def sharing(self, options: Options) -> "Transport":
        """Return a transport over the same connections with other options."""
        shared = Transport(options, self._connections)
        shared._warned = self._warned
        return shared

    async def aclose(self) -> None:
        """Close the connections, unless they are the caller's own."""
        await self._connections.aclose()

    async def fetch(self, request: Request, model: type[R]) -> R:
        """Return a whole reply.

        Raises:
            APIError: as its subclasses say.
        """
        return self.parsed(await self.send(request), model)

    def parsed(self, response: httpx2.Response, model: type[R]) -> R:
        """Return a whole reply from its response.

        Raises:
            InvalidResponseError: It is something else.
        """
        try:
            reply = model.model_validate_json(response.content)
        except ValidationError as error:
            asked = response.request
            path = str(asked.url).partition("?")[0].removeprefix(self.options.base_url)
            raise InvalidResponseError(
                f"The response to {asked.method} {path} is not a valid {model.__name__}: {error}",
                status=response.status_code,
                body=response.text,
                headers=response.headers,
            ) from error
        return reply.with_meta(self.metadata(response))

    async def send(self, request: Request, *, stream: bool = False) -> httpx2.Response:
        """Return a good reply: with its whole body, or with its head alone and to be closed.

        Raises:
            APIError: as its subclasses say, once no retry is left.
        """
        http = self._connections.http()
        wire = self._wire(request, stream=stream)
        lost: APIError | None = None
        attempt = 0
        while True:
            try:
                return await self._once(http, wire, stream=stream)
            except APIError as error:
                replayed = lost is not None and _is_replay(error)
                wait_s = self._wait_s(error, wire, attempt, replayed=replayed)
                if wait_s is None:
                    final = _final(error, lost, paid=request.paid)
                    raise final from final.__cause__ or (None if final is lost else lost)
                if not replayed and _may_have_run(error):
                    lost = error
            attempt += 1
            await asyncio.sleep(wait_s)

    def metadata(self, response: httpx2.Response) -> ResponseMetadata:
        """Return a reply's head, and warn once of a model that ends."""
        proof: Proof | None = response.extensions.get(PROOF)
        meta = ResponseMetadata(response.status_code, response.headers, proof)
        ending = meta.deprecation
        if ending and (name := meta.model_id or ending) not in self._warned:
            self._warned.add(name)
            warnings.warn(ending, ModelDeprecationWarning, stacklevel=2)
        return meta

    def _wire(self, request: Request, *, stream: bool) -> httpx2.Request:
        options = self.options
        headers = {**options.headers, **request.headers}
        if stream:
            if "accept" not in request.headers:
                headers["accept"] = "text/event-stream"
            headers["accept-encoding"] = "identity"  # compression only delays a stream
        if request.body is not None:
            headers.setdefault("content-type", "application/json")
        if request.paid and options.max_retries:
            headers.setdefault("idempotency-key", uuid.uuid4().hex)
        told_s = request.timeout_s or options.timeout_s
        waits = {"connect": min(CONNECT_TIMEOUT_S, told_s), "read": told_s}
        params = {name: value for name, value in (request.query or {}).items() if value is not None}
        return httpx2.Request(
            request.method,
            options.base_url + request.path,
            params=params or None,
            headers=headers,
            content=request.body,
            extensions={"timeout": {**waits, "write": told_s, "pool": told_s}},
        )

    async def _once(
        self, http: httpx2.AsyncClient, wire: httpx2.Request, *, stream: bool
    ) -> httpx2.Response:
        try:
            response = await http.send(wire, stream=stream)
            if response.is_success:
                return response
            if stream:
                await response.aread()
        except _UNSENDABLE as error:
            fault = type(error).__name__  # the message quotes headers
        except httpx2.RequestError as error:
            raise broken(error, wire, proxy=self._connections.proxy) from error
        except RuntimeError as error:
            if self._connections.strayed:
                raise RuntimeError(_STRAYED) from error
            raise
        else:
            raise _refusal(response, wire)
        raise InvalidRequestError(  # raised here, without the original error, whose message quotes headers
            f"{wire.method} {wire.url} cannot be sent ({fault}). "
            "Look at the headers and the address that your `http_client` puts in."
        )

    def _wait_s(
        self, error: APIError, wire: httpx2.Request, attempt: int, *, replayed: bool
    ) -> float | None:
        """Return how long to wait before the next attempt; None: there is none."""
        told_s = error.retry_after_seconds
        again = told_s is not None if replayed else _repeatable(error, wire)
        if attempt >= self.options.max_retries or not again:
            return None
        if told_s is not None:
            return told_s if told_s <= LONGEST_WAIT_S else None
        most_s = min(_LONGEST_BACKOFF_S, _FIRST_WAIT_S * (1 << attempt))
        return most_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads callers, hides nothing


def broken(
    error: httpx2.RequestError,
    wire: httpx2.Request,
    *,
    streamed: bool = False,
    proxy: str | None = None,
) -> APIConnectionError:
    """Return the error that a broken connection raises.

    Args:
        error: The HTTP library's error.
        wire: The request.
        streamed: Whether its reply is read as a stream.
        proxy: The environment variable that names the proxy in use.
    """
    name = type(error).__name__
    if isinstance(error, httpx2.ReadTimeout | httpx2.WriteTimeout):
        advice = "Allow" if streamed else "Stream the reply, or allow"
        return APITimeoutError(
            f"{wire.method} {wire.url} timed out ({name}). {advice} more with `timeout`."
        )
    if isinstance(error, httpx2.PoolTimeout):
        return APITimeoutError(
            f"{wire.method} {wire.url} timed out ({name}): all {MOST} "
            "connections are in use. Make fewer calls at a time."
        )
    kind = APITimeoutError if isinstance(error, httpx2.TimeoutException) else APIConnectionError
    advice = "Is the server running, and `base_url` right?"
    if proxy is not None:
        advice += f" Is the proxy of {proxy}? NO_PROXY lists the hosts to be reached directly."
    return kind(f"{wire.method} {wire.url} failed: {name}: {error}. {advice}")


def _final(error: APIError, lost: APIError | None, *, paid: bool) -> APIError:
    """Return the error to raise once no attempt is left.

    A replay only reports that an earlier attempt ran, whose failure is the reason for the missing reply:
    it is raised, with the charge. A broken connection says too little; there it is the reverse.

    Args:
        error: The error of the last attempt.
        lost: How the last attempt failed after which the call may have run.
        paid: Whether the call costs money.
    """
    if lost is not None and _is_replay(error):
        if type(lost) is APIConnectionError:
            return error
        state = "was carried out" if error.retry_after_seconds is None else "is still running"
        _add(lost, f"The call {state} nevertheless.")
        if error.charge_id:
            _add(lost, f"client.billing.usage() lists its charge as {error.charge_id!r}.")
        lost.charge_id = error.charge_id
        return lost
    if paid and any(one and one.status is None and _may_have_run(one) for one in (error, lost)):
        _add(error, "The call may have been carried out and charged: see client.billing.usage().")
    return error


def _add(error: APIError, sentence: str) -> None:
    error.message = f"{error.message} {sentence}"
    error.args = (error.message,)


def _is_replay(error: APIError) -> bool:
    """Whether the server reports that a call with this Idempotency-Key ran, or is running."""
    return isinstance(error, ConflictError) and (
        error.code == "IDEMPOTENT_REPLAY" or error.headers.get("idempotent-replayed") == "true"
    )


def _may_have_run(error: APIError) -> bool:
    """Whether a failure leaves open if the call ran."""
    if error.status is not None:
        return error.status in _AGAIN and not isinstance(error, RateLimitError)
    sent = not isinstance(error.__cause__, _NEVER_SENT)
    return isinstance(error, APIConnectionError) and sent


def _refusal(response: httpx2.Response, wire: httpx2.Request) -> APIError:
    text = response.text
    for secret in _headers.secrets(wire.headers):  # some servers and proxies repeat it
        text = text.replace(secret, _headers.HIDDEN)
    try:
        body: object = json.loads(text)
    except ValueError:
        body = text
    advice = _advice(response, wire)
    return error_of(response.status_code, body, response.headers, advice=advice)


def _advice(response: httpx2.Response, wire: httpx2.Request) -> str:
    """Return the remedy for a refusal that only the client knows."""
    keyless = not {"authorization", "x-api-key"} & wire.headers.keys()
    if response.status_code == _UNAUTHORIZED and keyless:
        return _NO_KEY
    if response.has_redirect_location:  # redirects are not followed, as they would receive the key
        location = response.headers["location"]
        return f"It redirects to {location!r}. Give that server's address as `base_url`."
    return ""


def _repeatable(error: APIError, wire: httpx2.Request) -> bool:
    """Whether to ask again can help, and cannot have an effect twice."""
    if isinstance(error, RateLimitError) or isinstance(error.__cause__, _NEVER_SENT):
        return True
    if wire.method not in _REPEATABLE and "idempotency-key" not in wire.headers:
        return False
    if error.status is None:
        return isinstance(error, APIConnectionError)
    return error.status in _AGAIN or (error.status == 409 and error.code == "CONFLICT")  # noqa: PLR2004 - a lock; replays have codes of their own
