"""The base class of resources."""

from functools import cached_property
from typing import Generic, Protocol, TypeVar

import httpx2
from pydantic_core import to_json

from venice_ai._http.request import Query, Request
from venice_ai._http.transport import Transport
from venice_ai.types._wire import Reply

R = TypeVar("R", bound=Reply)


class Client(Protocol):
    """The client of a resource, as the resource sees it: `VeniceClient`."""

    @cached_property
    def _transport(self) -> Transport: ...


C = TypeVar("C", bound=Client)


class APIResource(Generic[C]):
    """A part of the API: its public methods are coroutines, one for each operation.

    How to write one: a file in `resources`, a class of `APIResource[Client]`, and a cached property
    in `VeniceClient`. Its methods call `_get` and kin with a path below the base URL and the class
    of the reply, a `Reply` from `types.api`; lists are replies with a field `data`. `_send` gives
    the HTTP reply where it is no JSON. A method that is no coroutine but gives an asynchronous
    iterator (of pages, say) is fine. A resource that needs another one makes it:
    `Models(self._client)`. `SyncVeniceClient` finds all of it by itself; `python sdk/stubs.py`
    tells the type checkers.
    """

    def __init__(self, client: C) -> None:
        self._client = client

    async def _get(self, path: str, reply: type[R], *, query: Query | None = None) -> R:
        return await self._fetch(Request("GET", path, query=query), reply)

    async def _post(self, path: str, reply: type[R], body: object, *, paid: bool = False) -> R:
        return await self._fetch(Request("POST", path, body=as_json(body), paid=paid), reply)

    async def _patch(self, path: str, reply: type[R], body: object) -> R:
        return await self._fetch(Request("PATCH", path, body=as_json(body)), reply)

    async def _delete(self, path: str, reply: type[R], *, query: Query | None = None) -> R:
        return await self._fetch(Request("DELETE", path, query=query), reply)

    async def _fetch(self, request: Request, reply: type[R]) -> R:
        return await self._transport.fetch(request, reply)

    async def _send(self, request: Request, *, stream: bool = False) -> httpx2.Response:
        return await self._transport.send(request, stream=stream)

    @property
    def _transport(self) -> Transport:
        return self._client._transport  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - its own part


def as_json(body: object) -> bytes:
    """Return the body to send: models without fields that are None.

    Raises:
        TypeError: Something in it has no form in JSON.

    >>> as_json({"n": 1, "stop": None})
    b'{"n":1,"stop":null}'
    """
    try:
        return to_json(body, by_alias=True, exclude_none=True, inf_nan_mode="constants")
    except ValueError as error:
        raise TypeError(f"The request cannot be sent as JSON: {error}") from error
