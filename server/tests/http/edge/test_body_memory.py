"""Memory for bodies and simultaneous calls: bounded in all and for each account."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx2
import pytest

from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import NANO, Currency
from fondaco.http.apis.endpoints import ENDPOINTS
from fondaco.http.edge.routes import AnyEndpoint
from fondaco.http.endpoint.body_memory import BodyMemory
from fondaco.http.endpoint.endpoint import Access
from house import PEPPER, SECRET, House, chat_body, house

MIB = 2**20
OTHER = "another account's"


def budget() -> BodyMemory:
    return BodyMemory(4 * MIB, 32 * MIB, 40 * MIB, 16 * MIB)


@dataclass
class Begun:
    """A request whose body has begun to arrive."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def status(self) -> int:
        line = await self.reader.readline()
        return int(line.split()[1])

    async def retry_after(self) -> int:
        head = await self.reader.readuntil(b"\r\n\r\n")
        [value] = [line for line in head.lower().split(b"\r\n") if line.startswith(b"retry-after:")]
        return int(value.partition(b":")[2])


@asynccontextmanager
async def begun(
    one: House, framing: str, body: bytes, secret: str = SECRET
) -> AsyncIterator[Begun]:
    reader, writer = await asyncio.open_connection(*one.address)
    head = (
        f"POST /api/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
        f"\r\nAuthorization: Bearer {secret}\r\n{framing}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    try:
        yield Begun(reader, writer)
    finally:
        writer.close()


def declared(octets: int) -> str:
    return f"Content-Length: {octets}"


async def until_taken(room: BodyMemory, octets: int) -> None:
    async with asyncio.timeout(10):
        while room.budget.taken_bytes != octets:  # noqa: ASYNC110  # the product has no event for it
            await asyncio.sleep(0)


@pytest.fixture
async def two() -> AsyncGenerator[tuple[House, BodyMemory]]:
    """A house with two accounts, and its budget."""
    room = budget()
    async with house(body_memory=room) as one:
        one.journal.add_account(31)
        one.journal.enter_elsewhere(Entry(31, EntryKind.GRANT, Currency.USD, NANO, at=0.0))
        key = Key("31" * 16, 31, KeyType.INFERENCE, "", "", 0.0)
        one.keys.put(Account(31, "other"), digest(PEPPER, OTHER), key)
        yield one, room


async def test_unfinished_bodies_of_an_account_take_no_more_than_its_part(
    two: tuple[House, BodyMemory],
) -> None:
    one, room = two
    async with AsyncExitStack() as stack:
        for number in range(1, 5):
            await stack.enter_async_context(begun(one, declared(4 * MIB), b" " * 70_000))
            await until_taken(room, number * 4 * MIB)
        late = [
            await stack.enter_async_context(begun(one, declared(4 * MIB), b" " * 70_000))
            for _ in range(20)
        ]
        assert {await each.status() for each in late} == {429}
        assert {await each.retry_after() for each in late} == {5}
        assert room.budget.taken_bytes == 16 * MIB
        assert (await one.chat(max_tokens=1)).status_code == 200  # small ones are not counted
        other = await stack.enter_async_context(begun(one, declared(4 * MIB), b" ", OTHER))
        await until_taken(room, 20 * MIB)
        other.writer.write(json.dumps(chat_body(max_tokens=1)).encode().ljust(4 * MIB - 1))
        assert await other.status() == 200
        await until_taken(room, 16 * MIB)
    await until_taken(room, 0)


async def test_bodies_of_unknown_length_are_counted_as_they_grow(
    two: tuple[House, BodyMemory],
) -> None:
    one, room = two
    framing = "Transfer-Encoding: chunked"
    async with AsyncExitStack() as stack:
        for number in range(1, 9):
            body = b"%x\r\n%b\r\n" % (300_000, b" " * 300_000)
            await stack.enter_async_context(begun(one, framing, body))
            await until_taken(room, min(number, 16) * MIB)
        chunked = await stack.enter_async_context(begun(one, framing, b"", OTHER))
        sent = json.dumps(chat_body(max_tokens=1)).encode().ljust(100_000)
        chunked.writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(sent), sent))
        assert await chunked.status() == 200
    await until_taken(room, 0)


async def test_all_accounts_together_take_no_more_than_there_is(
    two: tuple[House, BodyMemory],
) -> None:
    one, room = two
    async with (
        begun(one, declared(30 * MIB), b" ") as first,
        begun(one, declared(12 * MIB), b" ", OTHER) as second,
    ):
        async with asyncio.timeout(10):
            done, _ = await asyncio.wait(
                [asyncio.ensure_future(first.status()), asyncio.ensure_future(second.status())],
                return_when=asyncio.FIRST_COMPLETED,
            )
        assert {task.result() for task in done} == {503}
        assert room.budget.taken_bytes in (30 * MIB, 12 * MIB)
    await until_taken(room, 0)


async def test_a_refusal_for_memory_that_others_hold_is_no_failure() -> None:
    room = BodyMemory(4 * MIB, 4 * MIB, 10_000, 10_000)
    room.budget.share(None).hold(10_000)
    async with house(body_memory=room, failures=2) as one:
        for _ in range(5):
            reply = await one.chat(messages=[{"role": "user", "content": "x" * 100_000}])
            assert reply.status_code == 503


async def test_an_account_has_so_many_calls_at_a_time_and_not_one_more() -> None:
    async with house(concurrent_calls=3, token_s=0.05, failures=2) as one:
        async with AsyncExitStack() as stack:
            for _ in range(3):
                reply = await stack.enter_async_context(one.streaming(max_tokens=100))
                assert reply.status_code == 200
            for _ in range(5):
                refused = await one.chat(max_tokens=1)
                assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
                assert "3 calls in progress" in refused.json()["error"]
                assert refused.headers["retry-after"] == "1"
                assert refused.headers["x-ratelimit-limit-requests"] == "3"
                assert refused.headers["x-ratelimit-remaining-requests"] == "0"
            assert (await one.client.get("/api/v1/api_keys")).status_code == 200
        async with asyncio.timeout(10):
            while (await one.chat(max_tokens=1)).status_code != 200:
                pass


async def test_calls_that_fail_or_are_refused_are_no_longer_under_way() -> None:
    async with house(concurrent_calls=1) as one:
        for fields in ({"temperature": 9}, {"model": "nothing"}, {"max_tokens": 1}):
            await one.chat(**fields)
        assert (await one.chat(max_tokens=1)).status_code == 200


@pytest.mark.parametrize(
    "endpoint",
    [one for one in ENDPOINTS if one.body is not None and not (one.paid or one.limited)],
    ids=lambda one: f"{one.method} {one.path}",
)
async def test_what_costs_nothing_takes_small_bodies_alone(
    shared: House, endpoint: AnyEndpoint
) -> None:
    headers = {"Content-Type": "application/json"}
    body = b"{" + b" " * 65_536 + b"}"
    async with httpx2.AsyncClient(base_url=shared.url, headers=shared.client.headers) as client:
        reply = await client.request(endpoint.method, endpoint.path, content=body, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (413, "INVALID_FILE_SIZE")


def test_no_paid_endpoint_is_open_to_anybody() -> None:
    assert not [one for one in ENDPOINTS if one.paid and one.access is Access.ANYBODY]
