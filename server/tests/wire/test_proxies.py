"""Every row of the table behind a proxy: whatever it makes of one, other callers get their replies.

The proxies keep connections to the server and use them for any caller, which is what an attacker
needs: had proxy and server different views of where a request ends, its rest would be read before the
next caller's request.
"""

from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

import anyio
import pytest

from raw_http import connected, exchanged, sent
from wire.echo_server import EchoServer, echo_server
from wire.proxies import PROXIES, proxy
from wire.rows import Row, get
from wire.rows_body import BODIES
from wire.rows_head import HEADS

PATIENCE_S = 0.1
"""A proxy may wait for more of a row, or answer nothing."""


@dataclass
class Chain:
    """A proxy, and the server behind it."""

    address: tuple[str, int]
    echo: EchoServer
    stamp: bytes
    """On every request that the proxy knows of; one without was smuggled."""


@pytest.fixture(scope="module", params=PROXIES)
async def chain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Chain]:
    folder, stamp = tmp_path_factory.mktemp("proxy"), token_hex(8)
    async with echo_server() as echo:
        with proxy(request.param, echo.port, stamp, folder) as port:
            yield Chain(("127.0.0.1", port), echo, stamp.encode())


@pytest.mark.parametrize("rows", [HEADS, BODIES], ids=["heads", "bodies"])
async def test_the_next_callers_get_their_own_replies(chain: Chain, rows: list[Row]) -> None:
    crossed: list[str] = []
    for row in rows:
        chain.echo.seen.clear()
        async with connected(chain.address) as attacker:
            await sent(attacker, [row.octets])
            with (
                anyio.move_on_after(PATIENCE_S),
                suppress(anyio.EndOfStream, anyio.BrokenResourceError),
            ):
                await attacker.receive()
            own = [await gets_its_own(chain, b"/victim-%d" % number) for number in range(2)]
        victims = [path for path in chain.echo.seen if path.startswith("/victim")]
        if own != [True, True] or victims != ["/victim-0", "/victim-1"]:
            crossed.append(row.id)
    assert crossed == []
    assert set(chain.echo.stamps) == {chain.stamp}


async def gets_its_own(chain: Chain, path: bytes) -> bool:
    """Ask for a path, and return whether its own reply comes, and no other."""
    replies = await exchanged(chain.address, get(target=path))
    return [reply.status for reply in replies] == [200] and path in (replies[0].body or b"")


async def test_callers_at_the_same_time_get_their_own_replies(chain: Chain) -> None:
    async def ask(number: int) -> None:
        wanted = b"/of-%d" % number
        replies = await exchanged(chain.address, *[get(target=wanted)] * 4)
        assert [wanted in (reply.body or b"") for reply in replies] == [True] * 4

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(ask, number)
