"""The client for the application in this process: whole, streamed, broken and left responses."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio
import pytest

from fondaco.app.without_server.in_process_client import InProcessClient
from fondaco.clients.client import IncompleteResponseError
from fondaco.http.asgi.messages import Message, Receive, Scope, Send

App = Callable[[Scope, Receive, Send], Awaitable[None]]


@asynccontextmanager
async def client(app: App) -> AsyncGenerator[InProcessClient]:
    async with anyio.create_task_group() as tasks:
        yield InProcessClient(app, tasks, prefix="/api/v1", headers={"Host": "here"})
        tasks.cancel_scope.cancel()


def start(status: int = 200) -> Message:
    return {"type": "http.response.start", "status": status, "headers": [(b"x-a", b"1")]}


def body(piece: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": piece, "more_body": more}


async def test_a_request_is_a_scope_and_its_response_is_read_in_pieces() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append({**scope, "body": (await receive())["body"]})
        await send(start())
        await send(body(b"one", more=True))
        await send(body(b"two", more=False))

    async with client(app) as api, api.send("POST", "/chat?a=b", b"{}") as response:
        assert (response.status, response.headers["x-a"]) == (200, "1")
        assert await response.read(6) == b"onetwo"
        assert response.complete
        assert await response.piece() == b""
    [scope] = seen
    assert (scope["path"], scope["query_string"], scope["body"]) == ("/api/v1/chat", b"a=b", b"{}")
    assert dict(scope["headers"])[b"content-length"] == b"2"


async def test_a_response_that_breaks_off_is_told_from_a_complete_one() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("/none"):
            return
        await send(start())
        await send(body(b"one", more=True))

    async with client(app) as api:
        async with api.send("GET", "/half") as response:
            assert await response.piece() == b"one"
            with pytest.raises(IncompleteResponseError):
                await response.piece()
        with pytest.raises(IncompleteResponseError):
            async with api.send("GET", "/none"):
                pytest.fail("there is no head")


async def test_an_application_learns_that_its_reader_left() -> None:
    learnt = anyio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(start())
        with suppress(ConnectionResetError):
            while True:
                await send(body(b"more", more=True))
        assert (await receive())["type"] == "http.disconnect"
        learnt.set()

    async with client(app) as api:
        async with api.send("GET", "/endless") as response:
            assert await response.piece() == b"more"
        with anyio.fail_after(60):
            await learnt.wait()


async def test_a_body_beyond_the_limit_is_refused() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(body(b"12345", more=False))

    async with client(app) as api, api.send("GET", "/large") as response:
        with pytest.raises(IncompleteResponseError):
            await response.read(4)
