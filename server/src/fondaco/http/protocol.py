"""The connection: uvicorn's httptools protocol with the limits that it lacks.

Measured: uvicorn closes no half-sent head or body, and its fast parser takes an 8 MiB header.
"""

from asyncio import TimerHandle, Transport
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fondaco.domain.errors import (
    FondacoError,
    HeadersTooLargeError,
    InvalidRequestError,
    RequestTimeoutError,
)
from fondaco.http.errors import body_of
from fondaco.http.headers import Stamp
from fondaco.ports import Ids

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from uvicorn.config import Config
    from uvicorn.server import ServerState


class Phase(Enum):
    """What of the current request has arrived."""

    NOTHING = 0
    HEAD = 1
    BODY = 2


class Connection(HttpToolsProtocol):
    """Closes connections whose head is too large, or whose request does not arrive in time."""

    stamp: ClassVar[Stamp]
    ids: ClassVar[Ids]
    header_limit_bytes: ClassVar[int]
    header_timeout_s: ClassVar[float]
    body_timeout_s: ClassVar[float]

    def __init__(
        self,
        config: "Config",
        server_state: "ServerState",
        app_state: dict[str, Any],
        _loop: "AbstractEventLoop | None" = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._phase = Phase.NOTHING
        self._received = 0
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Expect the first request."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.header_timeout_s, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, then watch over what has arrived in part only: most requests come whole."""
        self._received += len(data)
        super().data_received(data)
        if self._phase is Phase.HEAD and self._received > self.header_limit_bytes:
            self._refuse(HeadersTooLargeError())
        elif self._phase is not Phase.NOTHING and self._deadline is None:
            late = self.header_timeout_s if self._phase is Phase.HEAD else self.body_timeout_s
            self._deadline = self.loop.call_later(late, self._late)

    def on_message_begin(self) -> None:
        """Expect a head."""
        self._phase = Phase.HEAD
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take the head, unless it is too large, and expect the body."""
        if self._received > self.header_limit_bytes and self._head_bytes > self.header_limit_bytes:
            self._refuse(HeadersTooLargeError())
            return
        self._phase = Phase.BODY
        self._arrived()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, unless the request was refused by its head."""
        if self._phase is Phase.BODY:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the clock: the request has arrived."""
        refused = self._phase is not Phase.BODY
        self._phase = Phase.NOTHING
        self._received = 0
        self._arrived()
        if not refused:
            super().on_message_complete()

    @property
    def _head_bytes(self) -> int:
        lines = sum(len(name) + len(value) + 4 for name, value in self.headers)
        return len(self.url) + lines

    def _arrived(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        if self._phase is Phase.NOTHING:
            self.transport.close()  # a silent socket deserves no reply
        else:
            self._refuse(RequestTimeoutError())

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(InvalidRequestError(msg))

    def _refuse(self, error: FondacoError) -> None:
        """Answer below the application, where no exchange may exist yet, and close."""
        self._arrived()
        if self.transport.is_closing():
            return
        answered = self._phase is Phase.BODY and self.cycle.response_started
        if not answered:
            body = orjson.dumps(body_of(error))
            lines = [
                b"HTTP/1.1 %d %b" % (error.status, HTTPStatus(error.status).phrase.encode()),
                *(b": ".join(header) for header in self.stamp.headers(self.ids.call())),
                b"content-type: application/json",
                b"content-length: %d" % len(body),
                b"connection: close",
            ]
            self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.transport.close()


def connection_class(
    stamp: Stamp,
    ids: Ids,
    *,
    header_limit_bytes: int,
    header_timeout_s: float,
    body_timeout_s: float,
) -> type[Connection]:
    """Return the protocol class with these limits, as uvicorn wants it."""
    settled = {
        "stamp": stamp,
        "ids": ids,
        "header_limit_bytes": header_limit_bytes,
        "header_timeout_s": header_timeout_s,
        "body_timeout_s": body_timeout_s,
    }
    return type("SettledConnection", (Connection,), settled)
