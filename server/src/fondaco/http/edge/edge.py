"""The edge: finds the endpoint of a request, authenticates it, and sends the response.

The order of a request: host, route, draining, key, body, endpoint, response. Every error of the domain
becomes a response in `Edge.answer`, and nowhere else.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from fondaco.domain.errors import (
    FondacoError,
    RateLimitExceededError,
    ShuttingDownError,
    UnknownError,
)
from fondaco.http.edge.aci_errors import ACI_VERSION, aci_error_body
from fondaco.http.edge.authenticator import LOOPBACK, Authenticator, MetricsAccess
from fondaco.http.edge.client_address import ClientAddresses
from fondaco.http.edge.error_format import ErrorFormat, for_client
from fondaco.http.edge.error_responses import error_response, refusal
from fondaco.http.edge.fast_path import NO_FAST_PATHS, FastPaths, FastResponse, end
from fondaco.http.edge.origins.cors import Cors
from fondaco.http.edge.origins.hosts import Hosts
from fondaco.http.edge.routes import AnyEndpoint, Routes
from fondaco.http.endpoint.endpoint import Access, AnyResponse, AppState
from fondaco.http.endpoint.file_stream import FileStream, StreamedFile
from fondaco.http.endpoint.responses import LARGE_BYTES, Events, EventStream, Response
from fondaco.http.endpoint.sealed import speaks_aci
from fondaco.http.exchange.exchange import Exchange
from fondaco.http.exchange.headers import DefaultHeaders
from fondaco.ports.incidents import Incident, report_error
from fondaco.serving.admission.memory_budget import MemoryShare


class CutOffError(ShuttingDownError):
    """The server stopped during the response."""

    default = "The server was stopped during the response. Output produced until then is charged."


class Edge:
    """Responds to every request."""

    def __init__(
        self,
        state: AppState,
        routes: Routes,
        hosts: Hosts,
        client_addresses: ClientAddresses,
        *,
        default_headers: DefaultHeaders,
        cors: Cors | None = None,
        metrics: MetricsAccess = LOOPBACK,
        error_format: ErrorFormat = "auto",
        cookies: bool = True,
        fast_paths: FastPaths = NO_FAST_PATHS,
    ) -> None:
        """Take sessions from `cookies`, too, or from programs alone; answer some requests by `fast_paths`."""
        self._fast_paths = fast_paths
        self._state = state
        self._cookies = cookies
        self._platform = state.platform
        self._routes = routes
        self._default_headers = default_headers
        self.follow(hosts, client_addresses, cors=cors, metrics=metrics, error_format=error_format)

    def follow(
        self,
        hosts: Hosts,
        client_addresses: ClientAddresses,
        *,
        cors: Cors | None,
        metrics: MetricsAccess,
        error_format: ErrorFormat,
    ) -> None:
        """Apply the rules of a new configuration from now on."""
        self._hosts = hosts
        self._client_addresses = client_addresses
        self._authenticator = Authenticator(
            self._platform, client_addresses, metrics, cookies=self._cookies
        )
        self._cors = cors
        self._error_format = error_format

    def limited(self, client: str) -> str | None:
        """Return the address under which a client's connections are counted; None: they are not."""
        return self._client_addresses.limited(client)

    def refusal(self, error: FondacoError) -> tuple[int, bytes, bytes]:
        """Return status, header lines and body of the response where no exchange begins."""
        return refusal(error, for_client(self._routes.dialect(""), {}, self._error_format))

    def answer_fast(self, exchange: Exchange) -> bool:
        """Begin to respond to a plain request without a task, as `answer` would; return False where it has to.

        Nothing has happened then.
        """
        platform = self._platform
        fast_path = self._fast_paths.get((exchange.method, exchange.path))
        if fast_path is None or platform.draining:
            return False
        if self._cors is not None or exchange.has_repeated:
            return False
        try:
            self._hosts.check(exchange.authority)
            endpoint, _ = self._routes.find(exchange.method, exchange.path)
        except FondacoError:
            return False
        caller = self._authenticator.known(exchange, endpoint.dialect)
        if caller is None or not platform.concurrent_calls.admits(caller.account.id):
            return False
        response = fast_path(platform, exchange, caller.key, caller.account)
        if response is None:
            return False
        # From here on there is no way back, but on to a task.
        exchange.id = call_id = platform.ids.call()
        exchange.base_lines = self._default_headers.lines(call_id) + endpoint.dialect.headers(
            call_id
        )
        exchange.route = endpoint.path
        self._authenticator.recognise(exchange, caller)
        response.begin(self.answer)
        return True

    async def answer(self, exchange: Exchange, begun: FastResponse | None = None) -> None:
        """Respond to one request, or go on with what was begun on the fast path.

        Whatever ends it, no caller is left waiting.
        """
        platform = self._platform
        endpoint: AnyEndpoint | None = None
        if begun is None:
            platform.metrics.running += 1
            began = platform.clock.monotonic()
        else:
            began = begun.began
        try:
            if begun is not None:
                endpoint, _ = self._routes.find(exchange.method, exchange.path)
                await self._resume(exchange, endpoint, begun)
                return
            exchange.id = platform.ids.call()
            exchange.base_lines = self._default_headers.lines(exchange.id)
            if not self._expects_more(exchange):
                return
            endpoint, path = self._routes.find(exchange.method, exchange.path)
            exchange.route = endpoint.path
            await self._serve(endpoint, path, exchange)
        except FondacoError as error:
            await self._fail(exchange, endpoint, error)
        except asyncio.CancelledError:
            self._cut_off(exchange, endpoint)
        except Exception as error:  # noqa: BLE001  # the edge: a defect of ours becomes a 500
            _report(exchange, error)
            await self._fail(exchange, endpoint, UnknownError())
        finally:
            end(platform, exchange, began)

    def _expects_more(self, exchange: Exchange) -> bool:
        """Check the host and the headers; return False for a preflight, which is answered by that."""
        if exchange.path not in self._routes.probes:
            self._hosts.check(exchange.authority)
        exchange.join_repeated()
        if self._cors is not None and (preflight := self._cors.preflight(exchange)) is not None:
            preflight.send(exchange)
            return False
        return True

    async def _serve(
        self,
        endpoint: AnyEndpoint,
        path: Mapping[str, str],
        exchange: Exchange,
    ) -> None:
        caller = None
        exchange.base_lines += endpoint.dialect.headers(exchange.id)
        if endpoint.access is Access.METRICS:
            await self._authenticator.admit_metrics(exchange)
        elif not endpoint.always_open:
            if self._platform.draining:
                raise ShuttingDownError
            caller = await self._authenticator.admit(
                exchange,
                endpoint.access,
                endpoint.dialect,
                at_any_address=endpoint.at_any_address,
            )
        state, calls = self._state, self._platform.concurrent_calls
        counts = endpoint.paid or endpoint.limited
        payer = caller.account.id if caller is not None and counts else None
        if payer is not None:
            calls.enter(payer)
        try:
            with state.reply_memory.share(exchange.account_id) as memory:
                response = await endpoint.answer(state, exchange, caller, path, memory)
                if isinstance(response, Response) and len(response.body) <= LARGE_BYTES:
                    response.send(exchange)
                else:
                    await self._send(response, endpoint, exchange, memory)
        finally:
            if payer is not None:
                calls.leave(payer)

    async def _resume(self, exchange: Exchange, endpoint: AnyEndpoint, begun: FastResponse) -> None:
        """Go on with a response that was begun on the fast path."""
        try:
            with self._state.reply_memory.share(exchange.account_id) as memory:
                await self._send(await begun.response(), endpoint, exchange, memory)
        finally:
            self._platform.concurrent_calls.leave(begun.account.id)

    async def _send(
        self,
        response: AnyResponse,
        endpoint: AnyEndpoint,
        exchange: Exchange,
        memory: MemoryShare,
    ) -> None:
        if not isinstance(response, Response):
            await self._stream(response, endpoint, exchange)
        elif len(response.body) > LARGE_BYTES:
            await self._send_large(response, exchange, memory)
        else:
            response.send(exchange)

    async def _send_large(
        self, response: Response, exchange: Exchange, memory: MemoryShare
    ) -> None:
        """Send a whole response as fast as its caller reads; what is unsent counts until it is sent."""
        state = self._state
        memory.keep(len(response.body))
        await response.pack(exchange)
        if exchange.method == "HEAD":
            response.send(exchange)
            return
        lines, body = response.packed(exchange)
        response.body = b""
        memory.keep(len(body))
        with FileStream(
            exchange,
            state.heartbeat,
            state.write_timeout_s,
            lines,
            status=response.status,
            sized=True,
        ) as file:
            await file.send(body)

    async def _stream(
        self, response: Events | StreamedFile, endpoint: AnyEndpoint, exchange: Exchange
    ) -> None:
        """Send a response while it is made."""
        heartbeat, patience_s = self._state.heartbeat, self._state.write_timeout_s
        if isinstance(response, StreamedFile):
            with FileStream(exchange, heartbeat, patience_s, response.head) as file:
                await response.run(file)
            return
        with EventStream(
            exchange,
            heartbeat,
            self._state.ping_interval_s,
            patience_s,
            ending=endpoint.dialect.stream_end if response.ending is None else response.ending,
            ping=response.ping,
        ) as stream:
            await response.run(stream)

    def _cut_off(self, exchange: Exchange, endpoint: AnyEndpoint | None) -> None:
        """End a cancelled request: its caller disconnected, or the server stops."""
        if exchange.abandoned:
            self._platform.metrics.hangups += 1
        elif self._platform.draining:
            self._refuse(exchange, endpoint, CutOffError())
        else:
            raise asyncio.CancelledError

    async def _fail(
        self, exchange: Exchange, endpoint: AnyEndpoint | None, error: FondacoError
    ) -> None:
        """Count the failure, and respond with it."""
        if not exchange.started and (endpoint is None or endpoint.counts_failures):
            error = await self._authenticator.judge(exchange, error)
        self._refuse(exchange, endpoint, error)

    def _refuse(
        self, exchange: Exchange, endpoint: AnyEndpoint | None, error: FondacoError
    ) -> None:
        """Respond with the error; inside a stream as its last event, without the usual end."""
        if isinstance(error, RateLimitExceededError):
            exchange.quota = error.quota
        if endpoint is None:
            dialect = self._routes.dialect(exchange.path)
            exchange.base_lines += dialect.headers(exchange.id)
        else:
            dialect = endpoint.dialect
        dialect = for_client(dialect, exchange.headers, self._error_format)
        if speaks_aci(exchange.headers):
            dialect = replace(dialect, error_body=aci_error_body, request_id_field=None)
            exchange.base_lines += ACI_VERSION
        if exchange.started and exchange.indivisible:
            # Returning closes the connection, which shows the client that the body is incomplete.
            return
        if exchange.started:
            event = exchange.error_event
            exchange.finish(event(error) if event else dialect.event(error, exchange.id))
        else:
            error_response(error, dialect, exchange.id).send(exchange)


def _report(exchange: Exchange, error: Exception) -> None:
    """Report a defect by its kind and place: never by its arguments, which may be content."""
    report_error(Incident.DEFECT, error, call_id=exchange.id)
