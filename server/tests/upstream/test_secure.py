"""What only the client for TLS promises: it trusts whom it is told to, and nobody else."""

import shutil
import ssl
import subprocess
from pathlib import Path

import anyio
import pytest

from fondaco.upstream.address import Address
from fondaco.upstream.client import ConnectFailedError
from fondaco.upstream.secure import SecureUpstream
from upstream.raw_server import listening

_OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(
    _OPENSSL is None, reason="openssl, which makes the certificate, is not installed"
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a self-signed certificate with its key in one file."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *(
                str(_OPENSSL),
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    certificate.write_text(certificate.read_text() + key.read_text())
    return certificate


@pytest.fixture
def served(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_an_engine_behind_tls_is_answered_over_one_connection(
    certificate: Path, served: ssl.SSLContext
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with listening(served) as server:
        upstream = SecureUpstream(Address.parse(f"https://localhost:{server.port}"), tls=trusting)
        with anyio.fail_after(10):
            for _ in range(2):
                async with upstream.send("POST", "/chat", b"{}") as reply:
                    assert await reply.read(10) == b"ok"
        assert server.connections == 1
        await upstream.aclose()


async def test_a_certificate_that_nobody_vouches_for_is_refused(served: ssl.SSLContext) -> None:
    async with listening(served) as server:
        upstream = SecureUpstream(Address.parse(f"https://localhost:{server.port}"))
        with pytest.raises(ConnectFailedError), anyio.fail_after(10):
            async with upstream.send("POST", "/chat", b"{}"):
                pass
        assert server.heads == []
        await upstream.aclose()
