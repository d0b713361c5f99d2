"""The exchange: one HTTP request and the reply to it, as ASGI carries them."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from fondaco.domain.errors import InvalidFileSizeError, InvalidRequestError
from fondaco.domain.limits import Quota

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]
_MOST_FIELDS = 100


class CallerGoneError(Exception):
    """The caller closed the connection; nobody is left to answer."""


class Exchange:
    """One request, with the means to read its body and to answer it."""

    __slots__ = (
        "_fields",
        "_task",
        "abandoned",
        "account_headers",
        "account_id",
        "base_headers",
        "client",
        "headers",
        "id",
        "method",
        "path",
        "query",
        "quota",
        "receive",
        "send",
        "started",
        "status",
    )

    def __init__(self, scope: Message, receive: Receive, send: Send, request_id: str) -> None:
        """Take a request that the current task answers."""
        self.id = request_id
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self._fields: list[Header] = scope["headers"]
        self.headers: dict[bytes, bytes] = dict(self._fields)
        self.client: str = scope["client"][0] if scope["client"] else ""
        """The address at the other end of the connection."""
        self.receive = receive
        self.send = send
        self._task = asyncio.current_task()
        self.abandoned = False
        """Whether the caller went away, so that the task was cancelled."""
        self.base_headers: list[Header] = []
        self.account_id: int | None = None
        """Whose key came with the request, once that is known."""
        self.account_headers: Callable[[Quota | None], list[Header]] | None = None
        """What every reply to the account carries besides."""
        self.quota: Quota | None = None
        """What the limits of the call show, where the request is one."""
        self.started = False
        self.status = 0

    def abandon(self) -> None:
        """Cancel whatever works on the answer, because the caller went away.

        The task itself is cancelled, once: a cancel scope a request would cost a tenth of the call.
        """
        if self._task is not None and not self.abandoned:
            self.abandoned = True
            self._task.cancel()

    def head(self) -> list[Header]:
        """Return the headers that every reply to this request carries."""
        if self.account_headers is None:
            return self.base_headers
        return [*self.base_headers, *self.account_headers(self.quota)]

    def forwarded_for(self) -> list[str]:
        """Return the addresses in `X-Forwarded-For`, the nearest last."""
        lines = (value for name, value in self._fields if name == b"x-forwarded-for")
        return b",".join(lines).decode("latin-1").split(",")

    def query_pairs(self) -> list[tuple[str, str]]:
        """Return the query's names and values, decoded.

        Raises:
            InvalidRequestError: there are more than a hundred.
        """
        text = self.query.decode("latin-1")
        try:
            return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            message = f"The query has more than {_MOST_FIELDS} fields."
            raise InvalidRequestError(message) from None

    async def body(self, limit_bytes: int) -> bytes:
        """Return the request's body; the connection itself holds the deadline for it.

        Raises:
            InvalidFileSizeError: it is larger than `limit_bytes`.
            CallerGoneError: the caller went away while sending it.
        """
        declared = self.headers.get(b"content-length")
        if declared is not None and int(declared) > limit_bytes:
            raise _too_large(limit_bytes)
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise CallerGoneError
        body: bytes = message["body"]
        if message["more_body"]:
            body = await self._rest(body, limit_bytes)
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
        return body

    async def _rest(self, first: bytes, limit_bytes: int) -> bytes:
        pieces, size = [first], len(first)
        more = True
        while more:
            if size > limit_bytes:
                raise _too_large(limit_bytes)
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise CallerGoneError
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            more = message.get("more_body", False)
        return b"".join(pieces)

    async def start(self, status: int, headers: list[Header]) -> None:
        """Send the reply's head; the headers that every reply carries are added."""
        self.started = True
        self.status = status
        await self.send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*self.head(), *headers],
            }
        )

    async def write(self, body: bytes, *, more: bool) -> None:
        """Send a piece of the reply's body."""
        await self.send({"type": "http.response.body", "body": body, "more_body": more})


def _too_large(limit_bytes: int) -> InvalidFileSizeError:
    return InvalidFileSizeError(f"The request's body exceeds {limit_bytes} bytes.")
