"""The ASGI application under the servers that people run: granian, and hypercorn with HTTP/2.

uvicorn runs the suites of `compat`.
"""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import httpx2
import pytest

from asgi.mounted import BODY, CHAT
from fake_upstream import FakeUpstream, in_thread

CONFIGURATION = """
[server]
drain_delay_s = 0
[embedded]
enabled = false
[engines.fake]
base_url = "{url}"
models = {{ toy = "toy" }}
[models.toy]
name = "Toy"
engines = ["fake"]
context_tokens = 4096
price = {{ input = 0.2, output = 0.9 }}
"""
FACTORY = "fondaco.asgi:create_app"
PROGRAMS: dict[str, Callable[[int], list[str]]] = {
    "uvicorn": lambda port: ["uvicorn", "--factory", FACTORY, "--port", str(port)],
    "hypercorn": lambda port: ["hypercorn", f"{FACTORY}()", "--bind", f"127.0.0.1:{port}"],
    "granian": lambda port: [
        *("granian", "--interface", "asgi", "--factory", FACTORY),
        *("--host", "127.0.0.1", "--port", str(port), "--no-ws"),
    ],
}
WITHIN_S = 60.0


@dataclass
class Served:
    """A server process, and the first key of its home."""

    port: int
    key: str
    fake: FakeUpstream
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=WITHIN_S)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return int(bound.getsockname()[1])


@contextmanager
def served_by(name: str, home: Path, fake: FakeUpstream) -> Iterator[Served]:
    home.mkdir(mode=0o700)
    (home / "fondaco.toml").write_text(CONFIGURATION.format(url=fake.base_url))
    port = free_port()
    printed = home.parent / "printed"
    with (
        printed.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-m", *PROGRAMS[name](port)],
            env={"FONDACO_HOME": str(home), "PATH": "/usr/bin:/bin"},
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + WITHIN_S
            while not (answers(port) and (key := re.search(r"fondaco_a_\w+", printed.read_text()))):
                assert process.poll() is None, printed.read_text()
                assert time.monotonic() < deadline, printed.read_text()
                time.sleep(0.05)
            yield Served(port, key[0], fake, process)
        finally:
            process.terminate()
            process.wait(WITHIN_S)


def answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture(scope="module", params=list(PROGRAMS))
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with (
        in_thread(FakeUpstream(token_s=0.01)) as fake,
        served_by(request.param, folder / "home", fake) as one,
    ):
        yield one


def test_a_call_is_answered_whole_and_as_a_stream(served: Served) -> None:
    with served.client() as client:
        whole = client.post(CHAT, json=BODY)
        assert whole.json()["choices"][0]["message"]["content"]
        assert len(whole.headers.get_list("date")) == 1
        with client.stream("POST", CHAT, json=BODY | {"stream": True}) as streamed:
            text = "".join(streamed.iter_text())
        assert text.endswith("data: [DONE]\n\n")
        head = client.head("/api/v1/models")
        assert (head.status_code, head.content) == (200, b"")
        large = BODY | {"messages": [{"role": "user", "content": "word " * 40_000}]}
        assert client.post(CHAT, json=large).json()["code"] == "context_length_exceeded"


def test_a_hang_up_reaches_the_engine(served: Served) -> None:
    before = len(served.fake.asked)
    with (
        served.client() as client,
        client.stream("POST", CHAT, json=BODY | {"stream": True, "max_tokens": 500}) as streamed,
    ):
        next(streamed.iter_lines())
    deadline = time.monotonic() + 10
    while not served.fake.asked[before].hung_up:
        assert time.monotonic() < deadline, "the engine was not told"
        time.sleep(0.02)


def test_the_host_is_checked(served: Served) -> None:
    refused = httpx2.get(f"{served.url}/api/v1/models", headers={"Host": "evil.example"})
    assert refused.status_code == 400
    assert "server.allowed_hosts" in refused.text


def test_hypercorn_serves_http_2(tmp_path: Path) -> None:
    """HTTP/2 names the host as `:authority`, and forbids headers of the connection."""
    with (
        in_thread(FakeUpstream()) as fake,
        served_by("hypercorn", tmp_path / "home", fake) as one,
    ):
        headers, body = http_2(
            one.port,
            [
                *((":method", "POST"), (":scheme", "http"), (":path", CHAT)),
                (":authority", f"localhost:{one.port}"),
                ("authorization", f"Bearer {one.key}"),
                ("content-type", "application/json"),
            ],
            b'{"model":"toy","messages":[{"role":"user","content":"Hi"}],"stream":true}',
        )
    assert headers[b":status"] == b"200"
    assert body.endswith(b"data: [DONE]\n\n")
    assert not {b"connection", b"transfer-encoding"} & headers.keys()


def http_2(port: int, head: list[tuple[str, str]], body: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """Send one request over HTTP/2 without TLS, with prior knowledge; return headers and body."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding=None))
    connection.initiate_connection()
    connection.send_headers(1, head)
    connection.send_data(1, body, end_stream=True)
    headers: dict[bytes, bytes] = {}
    received = b""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S)) as wire:
        wire.sendall(connection.data_to_send())
        while octets := wire.recv(65536):
            for event in connection.receive_data(octets):
                if isinstance(event, h2.events.ResponseReceived):
                    headers = {bytes(name): bytes(value) for name, value in event.headers or ()}
                elif isinstance(event, h2.events.DataReceived):
                    received += event.data or b""
                    connection.acknowledge_received_data(event.flow_controlled_length or 0, 1)
                elif isinstance(event, h2.events.StreamEnded):
                    return headers, received
            wire.sendall(connection.data_to_send())
    raise AssertionError("The connection ended before the response did.")
