"""A model hub on loopback that speaks as Hugging Face's does: its API, and files behind a redirect.

Source: huggingface.co/docs/hub/api; what `GET /api/models?filter=gguf&expand[]=gguf`,
`GET /api/models/{id}?blobs=true` and `GET /{id}/resolve/{revision}/{path}` answer.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """What the hub has, and what it was asked for."""

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Repository -> path -> content."""
    gated: frozenset[str] = frozenset()
    wrong_hashes: bool = False
    cut_after: list[int] = field(default_factory=list)
    """How many bytes of a file the next answers bring before the connection breaks."""
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    """Path and headers of each request."""
    url: str = ""

    def repository(self, name: str) -> dict[str, object]:
        """Return what the API says of a repository."""
        return {
            "_id": "66e6d05e2a9b3f7c1d5e8a90",
            "id": name,
            "modelId": name,
            "author": name.split("/", maxsplit=1)[0],
            "sha": REVISION,
            "private": False,
            "gated": "manual" if name in self.gated else False,
            "disabled": False,
            "tags": ["gguf", "text-generation", "region:us"],
            "downloads": 4321,
            "likes": 12,
            "siblings": [self._file(p, c) for p, c in self.repositories[name].items()],
            "createdAt": "2024-09-15T12:00:00.000Z",
        }

    def _file(self, path: str, content: bytes) -> dict[str, object]:
        told = {"rfilename": path, "size": len(content), "blobId": "c" * 40}
        if not path.endswith((".gguf", ".safetensors")):
            return told
        sha256 = "0" * 64 if self.wrong_hashes else hashlib.sha256(content).hexdigest()
        return told | {"lfs": {"sha256": sha256, "size": len(content), "pointerSize": 134}}

    def found(self, word: str) -> list[dict[str, object]]:
        """Return what the API says to a search."""
        return [
            {
                "_id": "66e6d05e2a9b3f7c1d5e8a90",
                "id": name,
                "downloads": 4321,
                "likes": 12,
                "gated": False,
                "gguf": {"total": 494032768, "architecture": "qwen2", "context_length": 32768},
            }
            for name in self.repositories
            if word.lower() in name.lower()
        ]


class _Hub(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        hub, parts = self.hub, urlsplit(self.path)
        path = unquote(parts.path)
        hub.asked.append((path, dict(self.headers)))
        if path == "/api/models":
            self._json(200, hub.found(parse_qs(parts.query)["search"][0]))
        elif path.startswith("/api/models/"):
            name = path.removeprefix("/api/models/")
            if name in hub.repositories:
                self._json(200, hub.repository(name))
            else:  # so that nobody learns which private ones there are
                self._json(401, {"error": "Invalid username or password."})
        elif path.startswith("/cdn/"):
            self._file(path.removeprefix("/cdn/"))
        else:
            self._resolve(path)

    def _resolve(self, path: str) -> None:
        name, _, rest = path.lstrip("/").partition(f"/resolve/{REVISION}/")
        known = rest in self.hub.repositories.get(name, {})
        if name in self.hub.gated and self.headers["Authorization"] != "Bearer hf_token":
            self._json(401, {"error": "Access to model is restricted."})
        elif known:  # to another host by its name
            port = urlsplit(self.hub.url).port
            location = f"http://localhost:{port}/cdn/{name}/{rest}?signature=secret"
            self._head(302, 0, {"Location": location, "X-Repo-Commit": REVISION})
        else:
            self._json(404, {"error": "Entry not found"})

    def _file(self, path: str) -> None:
        owner, name, rest = path.split("/", 2)
        whole = self.hub.repositories[f"{owner}/{name}"][rest]
        wanted = self.headers["Range"] or "bytes=0-"
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        span = {"Content-Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}", "ETag": '"x"'}
        self._head(206 if start else 200, len(whole) - start, span)
        body = whole[start:]
        if self.hub.cut_after:
            body = body[: self.hub.cut_after.pop(0)]
            self.close_connection = True
        self.wfile.write(body)

    def _json(self, status: int, body: object) -> None:
        payload = json.dumps(body).encode()
        self._head(status, len(payload), {"Content-Type": "application/json; charset=utf-8"})
        self.wfile.write(payload)

    def _head(self, status: int, length: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving_hub() -> Iterator[FakeHub]:
    """Run a hub beside a test."""
    hub = FakeHub()
    handler = type("Hub", (_Hub,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
