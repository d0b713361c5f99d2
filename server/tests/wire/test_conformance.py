"""Every row of the table, directly: in one write, octet by octet, and among other requests."""

from collections.abc import AsyncGenerator

import anyio
import pytest

from raw_http import exchanged, replies_of
from wire.echo_server import EchoServer, echo_server, expect_verdict
from wire.fake_line import line, turns
from wire.rows import Row, get
from wire.rows_body import BODIES
from wire.rows_head import HEADS

ROWS = [*HEADS, *BODIES]
BEFORE, AFTER = get(target=b"/before"), get(target=b"/after")
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)


@pytest.fixture(scope="module")
async def echo() -> AsyncGenerator[EchoServer]:
    async with echo_server() as one:
        yield one


def test_the_table_is_as_long_as_it_should_be_and_names_no_row_twice() -> None:
    assert len({row.octets for row in ROWS}) >= 150
    assert len({row.id for row in ROWS}) == len(ROWS)


@every_row
async def test_in_one_write(echo: EchoServer, row: Row) -> None:
    expect_verdict(row, await exchanged(("127.0.0.1", echo.port), row.octets))


@every_row
async def test_octet_by_octet(row: Row) -> None:
    one = line(EchoServer().answer)
    for at in range(len(row.octets)):
        one.connection.data_received(row.octets[at : at + 1])
        if at % 64 == 0:
            await turns(2)
    await turns(10)
    expect_verdict(row, replies_of(one.transport.written))
    assert (one.transport.ended or one.transport.closed) is row.ends
    one.connection.connection_lost(None)


@every_row
async def test_among_requests_of_another(row: Row) -> None:
    echo = EchoServer()
    one = line(echo.answer)
    one.connection.data_received(BEFORE + row.octets + AFTER)
    await turns(30)
    before, *replies = replies_of(one.transport.written)
    assert (before.status, b'"/before"' in (before.body or b"")) == (200, True)
    if not row.ends:
        after = replies.pop()
        assert (after.status, b'"/after"' in (after.body or b"")) == (200, True)
    expect_verdict(row, replies)
    assert "/smuggled" not in echo.seen
    assert echo.seen.count("/after") == (not row.ends)
    one.connection.connection_lost(None)


@every_row
async def test_in_two_pieces_cut_anywhere(row: Row) -> None:
    for at in range(1, len(row.octets), max(1, len(row.octets) // 40)):
        one = line(EchoServer().answer)
        one.connection.data_received(row.octets[:at])
        await turns(3)
        one.connection.data_received(row.octets[at:])
        await turns(8)
        expect_verdict(row, replies_of(one.transport.written))
        one.connection.connection_lost(None)


async def test_replies_of_callers_at_the_same_time_do_not_meet(echo: EchoServer) -> None:
    async def ask(number: int) -> None:
        wanted = b"/of-%d" % number
        replies = await exchanged(("127.0.0.1", echo.port), *[get(target=wanted)] * 5)
        assert [wanted in (reply.body or b"") for reply in replies] == [True] * 5

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(ask, number)
