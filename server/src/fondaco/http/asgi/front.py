"""The ASGI front: one exchange a request, run beside the server's own task."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from fondaco.domain.errors import FondacoError, HeadersTooLargeError, InvalidRequestError
from fondaco.http.asgi.asgi_exchange import AsgiExchange
from fondaco.http.asgi.messages import Receive, Scope, Send
from fondaco.http.exchange.authority import expect_authority
from fondaco.http.exchange.exchange import Responder
from fondaco.http.exchange.headers import DefaultHeaders
from fondaco.http.exchange.running import cut_off
from fondaco.ports import Ids

_NO_WEBSOCKETS: Final = (
    "This API does not support WebSockets. Send the request over HTTP; with `stream: true`, the "
    "response consists of server-sent events."
)


class AsgiFront:
    """Has HTTP requests of an ASGI server answered, and refuses its WebSockets.

    What belongs to connections is the server's: TLS, HTTP/2, keep-alive, the time for a head, the
    number of connections.
    """

    def __init__(
        self,
        answer: Responder,
        *,
        refusal: Callable[[FondacoError], tuple[int, bytes, bytes]],
        default_headers: DefaultHeaders,
        ids: Ids,
        header_limit_bytes: int,
        body_timeout_s: float,
    ) -> None:
        """Prepare.

        Args:
            answer: makes the response to an exchange.
            refusal: returns status, header lines and body of the response where no exchange begins.
            default_headers: of such responses.
            ids: of such responses.
            header_limit_bytes: of a request's head.
            body_timeout_s: for a request's body, as far as it is awaited.
        """
        self._answer = answer
        self._refusal = refusal
        self._default_headers = default_headers
        self._ids = ids
        self._header_limit_bytes = header_limit_bytes
        self._body_timeout_s = body_timeout_s
        self.tasks = set[asyncio.Task[None]]()
        """The tasks of current responses."""

    async def respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to the request of an `http` scope.

        The response is made by a task of its own: a caller that goes away cancels that task, and no
        task of the server or of the program around it.
        """
        exchange = AsgiExchange(scope)
        if (error := self._fault(exchange)) is not None:
            self._refuse(exchange, error)
            await exchange.send_all(send)
            return
        loop = asyncio.get_running_loop()
        task = exchange.task = loop.create_task(self._answer(exchange))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        receiving = loop.create_task(exchange.receive_all(receive, self._body_timeout_s))
        receiving.add_done_callback(partial(_expect_more, exchange))
        complete = False
        try:
            complete = await exchange.send_all(send)
        finally:
            receiving.cancel()
            exchange.caller_left()
            await asyncio.wait((task,))  # even if the server cancels this task, calls are settled
        if not complete and not exchange.abandoned:
            await task  # the task was cancelled elsewhere; propagate it

    async def refuse_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a `websocket` scope: with a reason where the server can send it, else with 403."""
        await receive()
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": 1000, "reason": ""})
            return
        exchange = AsgiExchange({**scope, "method": "GET"})
        self._refuse(exchange, InvalidRequestError(_NO_WEBSOCKETS))

        async def as_denial(message: Scope) -> None:
            await send({**message, "type": f"websocket.{message['type']}"})

        await exchange.send_all(as_denial)

    async def end(self, timeout_s: float, stop: Callable[[], None]) -> None:
        """Let running calls end within `timeout_s`; then call `stop`, and cut off the rest."""
        if self.tasks:
            await asyncio.wait(tuple(self.tasks), timeout=timeout_s)
        stop()
        await cut_off(self.tasks)

    def _fault(self, exchange: AsgiExchange) -> FondacoError | None:
        """Return the fault of a request's head; None: it is valid."""
        if exchange.head_bytes > self._header_limit_bytes:
            return HeadersTooLargeError(
                f"The request's head exceeds {self._header_limit_bytes} bytes. "
                "Send fewer or shorter fields."
            )
        try:
            expect_authority(exchange.authority)
        except InvalidRequestError as error:
            return error
        return None

    def _refuse(self, exchange: AsgiExchange, error: FondacoError) -> None:
        status, lines, body = self._refusal(error)
        exchange.base_lines = self._default_headers.lines(self._ids.call())
        exchange.respond(status, lines, b"" if exchange.method == "HEAD" else body)


def _expect_more(exchange: AsgiExchange, receiving: asyncio.Task[None]) -> None:
    """Abandon the exchange because the server's `receive` failed, so that no more events will arrive."""
    if not receiving.cancelled() and receiving.exception() is not None:
        exchange.caller_left()
