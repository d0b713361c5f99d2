"""The fake enclave behind HTTP, on loopback in threads, with a relay in front that a test can corrupt."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sealed_service.enclave import Enclave, RefusedError
from sealed_service.protocol import Json, compact

NOT_FOUND: Json = {"error": {"message": "There is none.", "type": "not_found"}}


def same(value: Any) -> Any:
    return value


@dataclass
class Service:
    """One server, and what stands between it and its clients."""

    enclave: Enclave = field(default_factory=Enclave)
    url: str = ""
    aci: bool = True
    receipts: bool = True
    failures: list[int] = field(default_factory=list)
    """Status codes of the next calls, which the enclave has seen by then."""
    report: Callable[[Json], Any] = same
    reply: Callable[[list[bytes]], list[bytes]] = same
    receipt: Callable[[Json], Any] = same
    before_chat: Callable[[], None] = lambda: None
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    """Method, path, headers, body."""

    def asked(self, path: str) -> int:
        return sum(path in one[1] for one in self.requests)

    def get(self, path: str, query: dict[str, str]) -> tuple[int, Json]:
        nonce = query.get("nonce", "")
        if path.endswith("/aci/attestation") and self.aci:
            return 200, self.report(self.enclave.report(nonce))
        if path.endswith("/tee/attestation"):
            return 200, self.report(self.enclave.original_reply(query["model"], nonce))
        if "/aci/receipts/" in path and self.receipts:
            found = self.enclave.signed.get(path.rpartition("/")[2])
            try:
                return (200, self.receipt(found)) if found else (404, NOT_FOUND)
            except LookupError:
                return 404, NOT_FOUND
        if path.endswith("/tee/signature"):
            found = self.enclave.signed[query["request_id"]]
            flat = {"text": "a:b", "signature": "00", "signing_algo": "ecdsa"}
            return 200, {**flat, "receipt": self.receipt(found)} if self.receipts else flat
        return 404, {"error": "There is no such path.", "code": "NOT_FOUND"}

    def chat(self, headers: dict[str, str], body: bytes) -> tuple[int, list[bytes]]:
        self.before_chat()
        try:
            pieces = self.enclave.answer(headers, json.loads(body))
            if self.failures:
                return self.failures.pop(), [compact({"error": "At capacity."})]
            return 200, self.reply(pieces)
        except RefusedError as error:
            return 400, [
                compact({"error": {"message": "Refused.", "type": str(error), "code": None}})
            ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    service: Service

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep quiet."""

    def _take(self) -> tuple[dict[str, str], bytes]:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.service.requests.append((self.command, self.path, headers, body))
        return headers, body

    def do_GET(self) -> None:
        self._take()
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        status, body = self.service.get(parts.path, query)
        self._say(status, [compact(body)])

    def do_POST(self) -> None:
        headers, body = self._take()
        status, pieces = self.service.chat(headers, body)
        self._say(status, pieces, self.service.headers)

    def _say(self, status: int, pieces: list[bytes], headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(sum(map(len, pieces))))
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet: clients that refuse a reply hang up."""


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    """Serve until the end of the block."""
    handler = type("Handler", (_Handler,), {"service": service})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/api/v1"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
