"""What a ComfyUI lists."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from fake_comfyui import CHECKPOINTS, FakeComfyUI, loader
from fake_upstream import replying, whole
from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.domain.errors import EngineError, EngineRefusedError
from fondaco.engines.comfyui.listing import checkpoints_listed, sends_by_websocket

LOADER = "/object_info/CheckpointLoaderSimple"
WEBSOCKET = "/object_info/SaveImageWebsocket"


@pytest.fixture
async def client(fake: FakeComfyUI) -> AsyncGenerator[HttpClient]:
    client = connect(fake.url)
    yield client
    await client.aclose()


async def test_checkpoints_are_listed_in_the_old_shape_and_the_new(
    fake: FakeComfyUI, client: HttpClient
) -> None:
    assert await checkpoints_listed(client) == tuple(CHECKPOINTS)
    odd = ["a", "a", None, 7, "b\nc", "x" * 201]
    fake.script(
        LOADER,
        replying(loader(CHECKPOINTS, modern=True)),
        replying(loader(odd)),
        replying(loader([])),
    )
    assert await checkpoints_listed(client) == tuple(CHECKPOINTS)
    assert await checkpoints_listed(client) == ("a",)
    assert await checkpoints_listed(client) == ()


ODD: list[Any] = [{}, [], {"CheckpointLoaderSimple": {"input": {"required": {}}}}, loader({})]  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", ODD, ids=range(len(ODD)))
async def test_what_lists_none_is_no_comfyui(
    fake: FakeComfyUI, client: HttpClient, answer: object
) -> None:
    fake.script(LOADER, replying(answer))
    with pytest.raises(EngineError):
        await checkpoints_listed(client)


async def test_a_key_that_is_refused_is_said(fake: FakeComfyUI, client: HttpClient) -> None:
    fake.script(LOADER, whole(401, "no"))
    with pytest.raises(EngineRefusedError):
        await checkpoints_listed(client)


async def test_whether_pictures_come_by_the_websocket_is_listed_too(
    fake: FakeComfyUI, client: HttpClient
) -> None:
    assert await sends_by_websocket(client)
    fake.script(WEBSOCKET, replying({}))
    assert not await sends_by_websocket(client)
