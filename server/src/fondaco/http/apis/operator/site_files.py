"""Files of a static site: found by path, with media type, validator and content security policy."""

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

_MEDIA = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".jpg": b"image/jpeg",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".map": b"application/json",
    ".png": b"image/png",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
    ".xml": b"application/xml",
}
"""File extension -> media type; files of other extensions are not served."""

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
"""A folder's or file's name: none begins with a dot, so no path leaves the site."""
_HASHED = re.compile(r"\.[0-9a-f]{8}\.min\.(?:css|js)$")
"""The end of a name that changes with its file's content."""
_INLINE = re.compile(
    rb"<script(?![^>]*\bsrc=)(?![^>]*\btype=\"application/json\")[^>]*>(.*?)</script>", re.DOTALL
)
_KEPT = 64
"""Files kept in memory: those that every page loads, and the pages read last."""


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A file as it is served."""

    body: bytes
    media_type: bytes
    etag: bytes
    policy: bytes
    """Its content security policy: scripts of its own, inline ones by their hashes."""
    immutable: bool
    """Whether the name changes with the content, so that browsers need not ask again."""


def find(site: Path, path: str) -> SiteFile | None:
    """Return the file at a path below the site, a folder's page for a path that ends in a slash.

    Raises:
        IsADirectoryError: the path leads to a folder with a page and lacks its slash.
    """
    names = path.split("/")
    if names[-1] == "":
        names[-1] = "index.html"
    if not all(_NAME.fullmatch(name) for name in names):
        return None
    file = site.joinpath(*names)
    if file.is_dir():
        if (file / "index.html").is_file():
            raise IsADirectoryError(path)
        return None
    if file.suffix not in _MEDIA or not file.is_file():
        return None
    stat = file.stat()
    return _read(file, stat.st_mtime_ns, stat.st_size)


def policy(page: bytes) -> bytes:
    """Return the content security policy of a page: nothing of other origins, no script but its own."""
    hashes = {b64encode(sha256(script).digest()).decode() for script in _INLINE.findall(page)}
    scripts = "".join(f" 'sha256-{one}'" for one in sorted(hashes))
    return (
        f"default-src 'self'; script-src 'self'{scripts}; img-src 'self' data:; "
        "object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ).encode()


@lru_cache(_KEPT)
def _read(file: Path, changed_ns: int, size: int) -> SiteFile:
    """Read a file; time and size tell one state of it from the next, after the site was rebuilt."""
    body = file.read_bytes()
    return SiteFile(
        body=body,
        media_type=_MEDIA[file.suffix],
        etag=b'"%s"' % sha256(body).hexdigest()[:32].encode(),
        policy=policy(body if file.suffix == ".html" else b""),
        immutable=_HASHED.search(file.name) is not None,
    )
