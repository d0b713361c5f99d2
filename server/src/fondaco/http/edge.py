"""The edge: the ASGI application that finds the endpoint, checks the key, and answers.

The order of a request: host, route, draining, key, body, endpoint, reply. Every error of the domain
becomes a reply in `_serve`, and nowhere else.
"""

import asyncio
import logging
from collections.abc import Mapping

import orjson

from fondaco.domain.errors import (
    FondacoError,
    InferenceFailedError,
    RateLimitExceededError,
    ShuttingDownError,
    UnknownError,
)
from fondaco.http.endpoint import Premises
from fondaco.http.errors import body_of, reply_to
from fondaco.http.exchange import CallerGoneError, Exchange, Message, Receive, Send
from fondaco.http.gate import Gate
from fondaco.http.headers import Stamp
from fondaco.http.hosts import Hosts
from fondaco.http.peers import Peers
from fondaco.http.replies import Events, EventStream
from fondaco.http.routes import AnyEndpoint, Routes

log = logging.getLogger("fondaco.http")

_CALLER_GONE = 499
"""Counted where nobody was left to answer."""


class CutOffError(ShuttingDownError):
    """The server was stopped during the answer."""

    default = "The server was stopped during the answer. What was produced until then is charged."


class Edge:
    """The ASGI application."""

    def __init__(
        self,
        premises: Premises,
        routes: Routes,
        hosts: Hosts,
        peers: Peers,
    ) -> None:
        self._premises = premises
        self._platform = premises.platform
        self._routes = routes
        self._hosts = hosts
        self._gate = Gate(premises.platform, peers)
        self._stamp = Stamp(premises.platform.clock)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; there are no other connections."""
        if scope["type"] == "http":
            exchange = Exchange(scope, receive, send, self._platform.ids.call())
            try:
                await self._serve(exchange)
            except asyncio.CancelledError:
                if exchange.abandoned:
                    return
                if not self._platform.draining:
                    raise
                await self._refuse(exchange, CutOffError())

    async def _serve(self, exchange: Exchange) -> None:
        exchange.base_headers = self._stamp.headers(exchange.id)
        meters = self._platform.meters
        meters.running += 1
        began = self._platform.clock.monotonic()
        endpoint: AnyEndpoint | None = None
        try:
            self._hosts.check(exchange.headers.get(b"host", b""))
            endpoint, path = self._routes.find(exchange.method, exchange.path)
            await self._answer(endpoint, path, exchange)
        except CallerGoneError:
            meters.hangups += 1
        except FondacoError as error:
            await self._fail(exchange, endpoint, error)
        except Exception as error:  # noqa: BLE001  # the edge: a defect of ours becomes a 500
            _report(exchange, error)
            await self._fail(exchange, endpoint, UnknownError())
        finally:
            self._premises.pulse.forget(exchange)
            meters.running -= 1
            shown = endpoint.path if endpoint else "unknown"
            meters.replied(
                shown, exchange.status or _CALLER_GONE, self._platform.clock.monotonic() - began
            )

    async def _answer(
        self,
        endpoint: AnyEndpoint,
        path: Mapping[str, str],
        exchange: Exchange,
    ) -> None:
        caller = None
        if not endpoint.always_open:
            if self._platform.draining:
                raise ShuttingDownError
            caller = await self._gate.admit(exchange, endpoint.access)
        reply = await endpoint.answer(self._premises, exchange, caller, path)
        if isinstance(reply, Events):
            premises = self._premises
            with EventStream(
                exchange, premises.pulse, premises.ping_interval_s, premises.write_timeout_s
            ) as stream:
                await reply.run(stream)
        else:
            await reply.send(exchange)

    async def _fail(
        self, exchange: Exchange, endpoint: AnyEndpoint | None, error: FondacoError
    ) -> None:
        """Count the failure, and answer with it."""
        if not exchange.started and (endpoint is None or not endpoint.always_open):
            error = await self._gate.judge(exchange, error)
        await self._refuse(exchange, error)

    async def _refuse(self, exchange: Exchange, error: FondacoError) -> None:
        """Answer with the error; inside a stream as its last event, without [DONE]."""
        if isinstance(error, InferenceFailedError):
            log.warning("engine fault %s request=%s", type(error).__name__, exchange.id)
        if isinstance(error, RateLimitExceededError):
            exchange.quota = error.quota
        if exchange.started:
            await exchange.write(b"data: " + orjson.dumps(body_of(error)) + b"\n\n", more=False)
        else:
            await reply_to(error).send(exchange)


def _report(exchange: Exchange, error: Exception) -> None:
    """Log a defect by its kind and place: never by its arguments, which may be content."""
    log.error("defect %s request=%s at %s", type(error).__name__, exchange.id, _where(error))


def _where(error: BaseException) -> str:
    """Return the place of a defect as `module:line` steps: never arguments, which may be content."""
    steps: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        steps.append(f"{frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(steps[-8:])
