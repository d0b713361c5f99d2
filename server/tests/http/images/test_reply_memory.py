"""Replies with pictures: what their callers have not read counts against a budget."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from fondaco.app.platform import reply_memory
from fondaco.domain.media.picture import Pixels
from fondaco.serving.admission.memory_budget import MemoryBudget
from house import SECRET, TOY, House
from picture_house import code, world
from toy_painter import AN_IMAGE, TOY_IMAGES, ToyPainter

GENERATE = "/api/v1/image/generate"
SIDE = 1_024
BODY = {"model": "toy-painter", "prompt": "A heron", "width": SIDE, "height": SIDE, "format": "png"}
RESERVED = 4 * SIDE * SIDE
NOISE = Pixels(SIDE, SIDE, random.Random(1).randbytes(3 * SIDE * SIDE))  # noqa: S311  # no secret


class NoisyPainter(ToyPainter):
    """Paints what no file format makes smaller."""

    def __init__(self) -> None:
        super().__init__()
        self.next = [NOISE] * 20


@pytest.fixture
async def two() -> AsyncGenerator[tuple[House, MemoryBudget]]:
    """A house that paints, with room for two replies of an account, and its budget."""
    budget = reply_memory(4 * RESERVED + 100_000)
    async with world(
        models=(TOY, TOY_IMAGES), image_engines={"toy-brush": NoisyPainter()}, replies=budget
    ) as one:
        yield one, budget


@asynccontextmanager
async def slow_reader(
    one: House, *, version: str = "1.1", **fields: object
) -> AsyncIterator[tuple[asyncio.StreamReader, bytes]]:
    """Send a request and read the head of its reply, and no further; yields what reads on, and the head."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    sock.setblocking(False)  # noqa: FBT003  # the standard library's own
    await asyncio.get_running_loop().sock_connect(sock, one.address)
    reader, writer = await asyncio.open_connection(sock=sock, limit=8_192)
    body = json.dumps({**BODY, **fields}).encode()
    head = (
        f"POST {GENERATE} HTTP/{version}\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {SECRET}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    try:
        async with asyncio.timeout(60):
            yield reader, await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()


async def until_taken(budget: MemoryBudget, octets: int) -> None:
    async with asyncio.timeout(20):
        while budget.taken_bytes != octets:  # noqa: ASYNC110  # the product has no event for it
            await asyncio.sleep(0.01)


async def test_replies_that_nobody_reads_keep_their_account_from_more(
    two: tuple[House, MemoryBudget],
) -> None:
    one, budget = two
    async with AsyncExitStack() as stack:
        held = 0
        for _ in range(2):
            _, head = await stack.enter_async_context(slow_reader(one))
            assert head.startswith(b"HTTP/1.1 200")
            held += int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            assert budget.taken_bytes == held
        charges = len(one.charges())
        refused = await one.client.post(GENERATE, json=BODY)
        assert code(refused) == (429, "RATE_LIMIT_EXCEEDED")
        assert refused.headers["retry-after"] == "5"
        assert "replies of" in refused.json()["error"]
        assert len(one.charges()) == charges == 2
        assert (await one.chat(max_tokens=1)).status_code == 200  # small replies are not counted
    await until_taken(budget, 0)
    assert (await one.client.post(GENERATE, json=BODY)).status_code == 200
    await until_taken(budget, 0)


@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_a_reply_that_is_read_late_is_whole(
    two: tuple[House, MemoryBudget], version: str
) -> None:
    one, budget = two
    async with slow_reader(one, version=version, variants=2) as (reader, head):
        lines = head.lower()
        assert b"transfer-encoding" not in lines
        length = int(lines.partition(b"content-length: ")[2].split(b"\r\n")[0])
        reply = json.loads(await reader.readexactly(length))
        assert len(reply["images"]) == 2
    await until_taken(budget, 0)
    assert -sum(charge.amount for charge in one.charges()) == 2 * AN_IMAGE


async def test_more_than_the_server_may_hold_is_refused_before_it_is_made() -> None:
    painter = NoisyPainter()
    async with world(
        models=(TOY, TOY_IMAGES),
        image_engines={"toy-brush": painter},
        replies=reply_memory(3 * RESERVED),
    ) as one:
        refused = await one.client.post(GENERATE, json={**BODY, "variants": 4})
        assert code(refused) == (503, "MODEL_AT_CAPACITY")
        assert "large replies" in refused.json()["error"]
        assert not painter.asked
        assert not one.charges()


async def test_a_caller_who_never_reads_is_disconnected() -> None:
    budget = reply_memory(2**30)
    async with world(
        models=(TOY, TOY_IMAGES),
        image_engines={"toy-brush": NoisyPainter()},
        replies=budget,
        write_timeout_s=0.5,
    ) as one:
        async with slow_reader(one):
            await until_taken(budget, 0)
        assert one.platform.metrics.hangups == 1
        assert len(one.charges()) == 1
