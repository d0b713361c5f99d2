"""What TLS promises: the client trusts whom it is told to, and nobody else."""

import ssl
from pathlib import Path

import anyio
import pytest
import uvloop

from fondaco.clients.base_url import BaseUrl
from fondaco.clients.client import ConnectFailedError
from fondaco.clients.connect import connect
from fondaco.clients.pool import HttpPool
from upstream.raw_server import listening, made_certificate


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_certificate(tmp_path_factory.mktemp("tls"))


async def _asked_twice(certificate: Path) -> int:
    """Return over how many connections an engine answered two requests."""
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with listening(certificate) as server:
        upstream = HttpPool(BaseUrl.parse(f"https://localhost:{server.port}"), tls=trusting)
        with anyio.fail_after(10):
            for _ in range(2):
                async with upstream.send("POST", "/chat", b"{}") as reply:
                    assert await reply.read(10) == b"ok"
        await upstream.aclose()
    return server.connections


async def test_an_engine_behind_tls_is_answered_over_one_connection(certificate: Path) -> None:
    assert await _asked_twice(certificate) == 1


def test_it_is_on_uvloop_too(certificate: Path) -> None:
    assert uvloop.run(_asked_twice(certificate)) == 1


async def test_a_certificate_of_an_unknown_authority_is_refused(certificate: Path) -> None:
    async with listening(certificate) as server:
        upstream = connect(f"https://localhost:{server.port}")
        with pytest.raises(ConnectFailedError), anyio.fail_after(10):
            async with upstream.send("POST", "/chat", b"{}"):
                pass
        assert server.heads == []
        await upstream.aclose()


async def test_a_certificate_for_another_host_is_refused(certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with listening(certificate) as server:
        upstream = HttpPool(BaseUrl.parse(f"https://127.0.0.1:{server.port}"), tls=trusting)
        with pytest.raises(ConnectFailedError), anyio.fail_after(10):
            async with upstream.send("POST", "/chat", b"{}"):
                pass
        assert server.heads == []
        await upstream.aclose()
