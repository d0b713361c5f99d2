"""The tree of static files that make the dashboard, read once, under a hash of everything in it.

Pages name files relative to themselves, so one hash in the path of all lets each be cached for ever: a tree
that changed in any file lies elsewhere.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.abc import Traversable
from importlib.resources import files
from posixpath import dirname, join, normpath

import brotli
from anyio import to_thread

_MEDIA: Mapping[str, bytes] = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json; charset=utf-8",
    ".png": b"image/png",
    ".svg": b"image/svg+xml; charset=utf-8",
    ".txt": b"text/plain; charset=utf-8",
    ".woff2": b"font/woff2",
}
"""Media types by suffix; files of other kinds are not served."""
_INDEX, _ENTRY = "index.html", "main.js"
_HASH_DIGITS = 16
_BROTLI_QUALITY = 9
"""Measured on 300 kB of modules: 5 % more bytes than the highest quality, in a fifth of its time."""
_IMPORT = re.compile(
    r"""(?:^|[;\s}])(?:import|export)\s*(?:[\w$*{},\s]+?\s*from\s*)?["'](\.{1,2}/[^"'\\]+)["']"""
)
"""A static import; a dynamic one has a parenthesis."""


@dataclass(slots=True)
class StaticFile:
    """A file of the tree."""

    content: bytes
    media_type: bytes
    _packed: bytes = b""

    async def brotli(self) -> bytes:
        """Return the content in brotli; it is compressed on a thread, once."""
        if not self._packed:
            self._packed = await to_thread.run_sync(_compressed, self.content)
        return self._packed


@dataclass(frozen=True, slots=True)
class AssetTree:
    """The files by their path, and the page that begins with them."""

    files: Mapping[str, StaticFile]
    template: str
    """The page, which names files as `./PATH`."""
    hash: str = field(init=False)
    page: bytes = field(init=False)
    """The page as it is sent, with the address of each file, and links that load modules in parallel."""

    def __post_init__(self) -> None:
        """Hash the files, and write the page."""
        whole = sha256()
        for path, file in sorted(self.files.items()):
            whole.update(f"{len(path)}:{path}{len(file.content)}:".encode() + file.content)
        object.__setattr__(self, "hash", whole.hexdigest()[:_HASH_DIGITS])
        object.__setattr__(self, "page", self._page().encode())

    def _page(self) -> str:
        folder = f"dashboard/{self.hash}/"
        links = "".join(
            f'<link rel="modulepreload" href="{folder}{path}">\n' for path in self.modules()
        )
        page = re.sub(r'(href|src)="\./', rf'\1="{folder}', self.template)
        return page.replace("</head>", f"{links}</head>", 1)

    def modules(self) -> list[str]:
        """Return the entry and the modules that it imports, however indirectly, in order of discovery."""
        found: dict[str, None] = {}
        waiting = [_ENTRY]
        while waiting:
            path = waiting.pop(0)
            if path not in found and path in self.files:
                found[path] = None
                waiting += self._imported(path)
        return list(found)

    def _imported(self, path: str) -> list[str]:
        source = self.files[path].content.decode()
        return [normpath(join(dirname(path), one)) for one in _IMPORT.findall(source)]


@cache
def tree() -> AssetTree:
    """Return the tree of this installation, blocking at the first call."""
    root = files("fondaco.http").joinpath("assets", "dashboard")
    return AssetTree(dict(_read(root)), root.joinpath(_INDEX).read_text("utf-8"))


def _read(folder: Traversable, above: str = "") -> Iterator[tuple[str, StaticFile]]:
    for entry in folder.iterdir():
        path = above + entry.name
        if entry.is_dir():
            yield from _read(entry, f"{path}/")
        elif (media_type := _MEDIA.get(path[path.rfind(".") :])) is not None:
            yield path, StaticFile(entry.read_bytes(), media_type)


def _compressed(content: bytes) -> bytes:
    packed: bytes = brotli.compress(content, quality=_BROTLI_QUALITY)
    return packed
