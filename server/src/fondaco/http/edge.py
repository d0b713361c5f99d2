"""The edge: finds the endpoint of a request, checks the key, and answers.

The order of a request: host, route, draining, key, body, endpoint, reply. Every error of the domain
becomes a reply in `Edge.answer`, and nowhere else.
"""

import asyncio
from collections.abc import Mapping

import orjson

from fondaco.domain.errors import (
    FondacoError,
    RateLimitExceededError,
    ShuttingDownError,
    UnknownError,
)
from fondaco.http.cors import Cors
from fondaco.http.endpoint import Access, Premises
from fondaco.http.errors import body_of, reply_to
from fondaco.http.exchange import CALLER_GONE, Exchange
from fondaco.http.gate import LOOPBACK, Gate, MetricsAccess
from fondaco.http.headers import Stamp
from fondaco.http.hosts import Hosts
from fondaco.http.peers import Peers
from fondaco.http.replies import LARGE_BYTES, EventStream, Whole
from fondaco.http.routes import AnyEndpoint, Routes
from fondaco.ports.incidents import Incident, report_error


class CutOffError(ShuttingDownError):
    """The server was stopped during the answer."""

    default = "The server was stopped during the answer. What was produced until then is charged."


class Edge:
    """Answers every request."""

    def __init__(
        self,
        premises: Premises,
        routes: Routes,
        hosts: Hosts,
        peers: Peers,
        *,
        stamp: Stamp,
        cors: Cors | None = None,
        metrics: MetricsAccess = LOOPBACK,
    ) -> None:
        self._premises = premises
        self._platform = premises.platform
        self._routes = routes
        self._stamp = stamp
        self.follow(hosts, peers, cors=cors, metrics=metrics)

    def follow(
        self, hosts: Hosts, peers: Peers, *, cors: Cors | None, metrics: MetricsAccess
    ) -> None:
        """Take requests by these rules from now on."""
        self._hosts = hosts
        self._peers = peers
        self._gate = Gate(self._platform, peers, metrics)
        self._cors = cors

    def limited(self, client: str) -> str | None:
        """Return as what the number of a client's connections is limited; None: it is not."""
        return self._peers.limited(client)

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request; whatever ends it, nobody is left waiting for a reply."""
        platform = self._platform
        platform.meters.running += 1
        began = platform.clock.monotonic()
        endpoint: AnyEndpoint | None = None
        try:
            exchange.id = platform.ids.call()
            exchange.base_lines = self._stamp.lines(exchange.id)
            if exchange.path not in self._routes.probes:
                self._hosts.check(exchange.authority)
            exchange.join_repeated()
            if self._cors is not None and (preflight := self._cors.permit(exchange)) is not None:
                preflight.send(exchange)
                return
            endpoint, path = self._routes.find(exchange.method, exchange.path)
            exchange.route = endpoint.path
            await self._serve(endpoint, path, exchange)
        except FondacoError as error:
            await self._fail(exchange, endpoint, error)
        except asyncio.CancelledError:
            self._cut_off(exchange)
        except Exception as error:  # noqa: BLE001  # the edge: a defect of ours becomes a 500
            _report(exchange, error)
            await self._fail(exchange, endpoint, UnknownError())
        finally:
            exchange.leave()
            platform.meters.running -= 1
            seconds = platform.clock.monotonic() - began
            platform.meters.replied(exchange.route, exchange.status or CALLER_GONE, seconds)

    async def _serve(
        self,
        endpoint: AnyEndpoint,
        path: Mapping[str, str],
        exchange: Exchange,
    ) -> None:
        caller = None
        if endpoint.access is Access.OPERATOR:
            await self._gate.admit_operator(exchange)
        elif not endpoint.always_open:
            if self._platform.draining:
                raise ShuttingDownError
            caller = await self._gate.admit(exchange, endpoint.access, x_api_key=endpoint.x_api_key)
        premises, calls = self._premises, self._platform.concurrent_calls
        payer = caller.account.id if caller is not None and endpoint.paid else None
        if payer is not None:
            calls.enter(payer)
        try:
            reply = await endpoint.answer(premises, exchange, caller, path)
            if isinstance(reply, Whole):
                if len(reply.body) > LARGE_BYTES:
                    await reply.pack(exchange)
                reply.send(exchange)
                return
            with EventStream(
                exchange, premises.pulse, premises.ping_interval_s, premises.write_timeout_s
            ) as stream:
                await reply.run(stream)
        finally:
            if payer is not None:
                calls.leave(payer)

    def _cut_off(self, exchange: Exchange) -> None:
        """End what was cancelled: because the caller went away, or because the server stops."""
        if exchange.abandoned:
            self._platform.meters.hangups += 1
        elif self._platform.draining:
            self._refuse(exchange, CutOffError())
        else:
            raise asyncio.CancelledError

    async def _fail(
        self, exchange: Exchange, endpoint: AnyEndpoint | None, error: FondacoError
    ) -> None:
        """Count the failure, and answer with it."""
        if not exchange.started and (endpoint is None or endpoint.counts_failures):
            error = await self._gate.judge(exchange, error)
        self._refuse(exchange, error)

    def _refuse(self, exchange: Exchange, error: FondacoError) -> None:
        """Answer with the error; inside a stream as its last event, without [DONE]."""
        if isinstance(error, RateLimitExceededError):
            exchange.quota = error.quota
        if exchange.started:
            told = orjson.dumps(body_of(error))
            exchange.finish(b"%bdata: %b\n\n" % (exchange.error_lines, told))
        else:
            reply_to(error).send(exchange)


def _report(exchange: Exchange, error: Exception) -> None:
    """Report a defect by its kind and place: never by its arguments, which may be content."""
    report_error(Incident.DEFECT, error, call_id=exchange.id)
