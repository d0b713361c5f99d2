"""Websockets of engines: how they are opened, and how they end."""

import anyio
import pytest

from fake_comfyui import FakeComfyUI
from fake_upstream import hanging, refusing
from fondaco.clients.client import ConnectFailedError, IncompleteResponseError
from fondaco.clients.websocket import open_websocket

PATH = "/ws?clientId=x%2Fy"


async def test_messages_are_received_until_the_engine_closes() -> None:
    async with FakeComfyUI() as fake:
        async with open_websocket(fake.url, PATH) as socket:
            hello = await socket.receive()
            assert isinstance(hello, str)
            assert '"sid": "x%2Fy"' in hello
            for wire in fake._sockets.values():
                await wire.stream.aclose()
            with pytest.raises(IncompleteResponseError):
                await socket.receive()
        async with open_websocket(f"{fake.url}/", PATH) as socket:
            assert await socket.receive()


async def test_the_key_and_headers_go_with_the_handshake() -> None:
    async with FakeComfyUI(websocket=False) as fake:
        fake.script("/view", refusing(403))
        with pytest.raises(ConnectFailedError, match="cannot be reached"):
            async with open_websocket(fake.url, "/view?x=1", key="k", headers={"X-Room": "1"}):
                pass
        [asked] = fake.asked_at("/view")
    assert asked.headers["authorization"] == "Bearer k"
    assert (asked.headers["x-room"], asked.headers["upgrade"]) == ("1", "websocket")


async def test_an_engine_that_is_not_there_or_does_not_answer_is_said() -> None:
    with pytest.raises(ConnectFailedError):
        async with open_websocket("http://127.0.0.1:1", PATH):
            pass
    async with FakeComfyUI(websocket=False) as fake:
        with pytest.raises(ConnectFailedError):
            async with open_websocket(fake.url, PATH):
                pass
        fake.script("/view", hanging())
        with anyio.fail_after(5), pytest.raises(ConnectFailedError):
            async with open_websocket(fake.url, "/view", connect_timeout_s=0.1):
                pass


@pytest.mark.parametrize("url", ["ftp://x", "http://user:secret@x", "http://x?y"])
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|credentials|query"):
        async with open_websocket(url, PATH):
            pass
