"""A raw socket server that answers each request by a script of bytes."""

import shutil
import ssl
import subprocess
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSListener

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Script = Callable[[ByteStream], Awaitable[None]]


@dataclass
class RawServer:
    """What was asked of the server, and what it is going to answer."""

    port: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    left: anyio.Event = field(default_factory=anyio.Event)
    """Set once a client has closed a connection."""
    scripts: deque[Script] = field(default_factory=deque)

    def answer(self, *pieces: bytes, pause_s: float = 0.0, close: bool = False) -> None:
        """Send these pieces to the next request, and keep or close the connection."""
        self.scripts.append(partial(_send, pieces, pause_s, close))

    def silence(self) -> None:
        """Say nothing to the next request."""
        self.scripts.append(_listen)

    def hold(self, until: anyio.Event) -> None:
        """Answer the next request once `until` is set."""

        async def script(stream: ByteStream) -> None:
            await until.wait()
            await stream.send(OK)

        self.scripts.append(script)

    async def serve(self, stream: ByteStream) -> None:
        self.connections += 1
        reader = BufferedByteReceiveStream(stream)
        async with stream:
            try:
                while True:
                    await self._request(reader, stream)
            except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
                self.left.set()
            except anyio.ClosedResourceError:
                return

    async def _request(self, reader: BufferedByteReceiveStream, stream: ByteStream) -> None:
        head = (await reader.receive_until(b"\r\n\r\n", 2**16)).decode()
        length = int(head.partition("Content-Length: ")[2].partition("\r\n")[0] or 0)
        self.heads.append(head)
        self.bodies.append(await reader.receive_exactly(length) if length else b"")
        if self.scripts:
            await self.scripts.popleft()(stream)
        else:
            await stream.send(OK)


def made_certificate(folder: Path) -> Path:
    """Return a new self-signed certificate for `localhost`, with its key in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    asked = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    )
    asked += " -addext subjectAltName=DNS:localhost"
    subprocess.run(
        [openssl, *asked.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    certificate.write_text(certificate.read_text() + key.read_text())
    return certificate


@asynccontextmanager
async def listening(certificate: Path | None = None) -> AsyncGenerator[RawServer]:
    """Listen, behind TLS where there is a certificate."""
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    server = RawServer()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    server.port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
    async with listener, anyio.create_task_group() as group:
        if tls is None:
            group.start_soon(listener.serve, server.serve)
        else:
            group.start_soon(
                TLSListener(listener, tls, standard_compatible=False).serve, server.serve
            )
        yield server
        group.cancel_scope.cancel()


async def _send(pieces: tuple[bytes, ...], pause_s: float, close: bool, stream: ByteStream) -> None:  # noqa: FBT001 - bound by `partial`
    for piece in pieces:
        await stream.send(piece)
        await anyio.sleep(pause_s)
    if close:
        await stream.aclose()


async def _listen(stream: ByteStream) -> None:
    await stream.receive()
