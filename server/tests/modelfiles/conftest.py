"""A web server on loopback that offers files as well or as badly as a test wants."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fondaco.modelfiles import ModelFolder

GGUF = b"GGUF" + bytes(range(256)) * 4000
"""A megabyte that passes for a model file."""


@dataclass
class Shelf:
    """What the server offers, how, and what it was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    lengths: bool = True
    """Whether replies say how long they are; else their end is that of the connection."""
    etag: str | None = '"one"'
    cut_after: list[int] = field(default_factory=list)
    """How many bytes of the body each of the next replies brings."""
    statuses: list[int] = field(default_factory=list)
    """What the next replies answer instead."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range of each request."""
    raw: bytes = b""
    """What every reply is, byte for byte, where there is any."""
    base_url: str = ""


class _Counter(BaseHTTPRequestHandler):
    shelf: Shelf
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        shelf = self.shelf
        wanted = self.headers["Range"]
        shelf.asked.append((self.path, wanted))
        if shelf.raw:
            self.wfile.write(shelf.raw)
            self.close_connection = True
            return
        whole = shelf.files.get(self.path.partition("?")[0])
        if shelf.statuses or whole is None:
            self._head(shelf.statuses.pop(0) if shelf.statuses else 404, 0)
            return
        start = self._start(wanted)
        if start >= len(whole) > 0:
            self._head(416, 0, {"Content-Range": f"bytes */{len(whole)}"})
            return
        rest = {"Content-Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"}
        self._head(206 if start else 200, len(whole) - start, rest if start else None)
        body = whole[start:]
        self.wfile.write(body[: shelf.cut_after.pop(0)] if shelf.cut_after else body)
        self.close_connection = True

    def _start(self, wanted: str | None) -> int:
        same = self.headers["If-Range"] in {None, self.shelf.etag}
        if wanted is None or not self.shelf.ranges or not same:
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def _head(self, status: int, length: int, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        said = {"Content-Length": str(length)} if self.shelf.lengths else {"Connection": "close"}
        for name, value in {**said, **(more or {})}.items():
            self.send_header(name, value)
        if self.path.endswith("/"):
            self.send_header("Content-Type", "text/html")
        if self.shelf.etag is not None:
            self.send_header("ETag", self.shelf.etag)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf(files={"/tiny.gguf": GGUF})
    counter = type("Counter", (_Counter,), {"shelf": shelf})
    with ThreadingHTTPServer(("127.0.0.1", 0), counter) as server:
        shelf.base_url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield shelf
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path / "models", pause_s=0.0)
