"""Resumable downloads."""

import time
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from hashlib import file_digest
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Protocol, TypeAlias
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from fondaco.modelfiles.errors import ModelFileError, from_os

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the bytes received so far and the total (None: unknown)."""

_BLOCK_BYTES = 2**18
_SILENCE_S = 60
_FRUITLESS_TRIES = 3


class _Body(Protocol):
    def read(self, amount: int, /) -> bytes: ...


class _SafeRedirects(HTTPRedirectHandler):
    """Follows redirects, but from `https:` to nothing that others could read or change on the way."""

    def redirect_request(  # noqa: PLR0917 - the library's signature
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> Request | None:
        """Return the request for where a reply redirects to."""
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            fp.close()
            raise ModelFileError(
                f"{_short(req.full_url)} redirects to a URL without TLS, {_short(newurl)}. "
                "Nothing was downloaded. Use that URL directly if you trust the connection."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = build_opener(_SafeRedirects)


class _CutError(Exception):
    """The connection failed; another one may go on."""


def download(
    url: str,
    target: Path,
    *,
    progress: Progress,
    sha256: str | None = None,
    pause_s: float = 1.0,
    token: str = "",
) -> None:
    """Fetch `url` to `target`, going on with `target.part` where an earlier try left it.

    Args:
        url: `http:`, `https:` or `file:`.
        target: appears once it is complete.
        progress: called for every block.
        sha256: what the whole must have.
        pause_s: between two tries.
        token: sent as bearer token to the URL's own host, and to none that it redirects to.

    Raises:
        ModelFileError: the network fails again and again, the hash differs, or the disk is full.
    """
    part = target.with_name(target.name + ".part")
    try:
        _fetch(url, part, progress, pause_s, token)
        if sha256 is not None and (found := hash_of(part)) != sha256:
            part.unlink()
            raise ModelFileError(
                f"{_short(url)} is not the expected file: its SHA-256 is {found}, expected {sha256}. "
                "Nothing was kept. Try again, or contact its publisher."
            )
        part.replace(target)
        _tag_of(part).unlink(missing_ok=True)
    except OSError as error:
        raise from_os(error, f"keep {_short(url)}") from error


def hash_of(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _fetch(url: str, part: Path, progress: Progress, pause_s: float, token: str) -> None:
    """Retry until the download is complete, or several tries in a row made no progress."""
    fruitless = 0
    while True:
        before = _size(part)
        try:
            _go_on(url, part, progress, token)
        except _CutError as cut:
            fruitless = 0 if _size(part) > before else fruitless + 1
            if fruitless == _FRUITLESS_TRIES:
                raise ModelFileError(
                    f"Could not fetch {_short(url)}: {cut}. Check the network and try again; the "
                    "partial download is kept."
                ) from cut
            time.sleep(pause_s)
        else:
            return


def _go_on(url: str, part: Path, progress: Progress, token: str) -> None:
    """Make one request for what is missing.

    Raises:
        _CutError: the download is incomplete.
    """
    here = _size(part)
    request = Request(url, headers=_asking(part, here))  # noqa: S310 - the callers check the scheme
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with _OPENER.open(request, timeout=_SILENCE_S) as reply:
            if reply.status != HTTPStatus.PARTIAL_CONTENT:  # the server sends the complete file
                here = 0
            total = _total(reply.headers, here)
            _note_tag(part, reply.headers.get("ETag"))
            here = _append(reply, part, here, lambda done: progress(done, total))
            if total is not None and here < total:
                raise _CutError(f"the connection ended after {here} of {total} bytes")
    except HTTPError as error:
        error.close()
        _refused(error, url, part)
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise _CutError(f"the connection failed ({_reason(error)})") from error
    except ValueError as error:  # an invalid address, length or ETag
        raise ModelFileError(
            f"Could not fetch {_short(url)}: the server's response is invalid. Check the URL."
        ) from error


def _total(headers: Message, here: int) -> int | None:
    """Return how many bytes there are in all, as far as the server says it."""
    length, whole = headers.get("Content-Length", ""), headers.get("Content-Range", "")
    if length.isdecimal():
        return here + int(length)
    _, _, total = whole.rpartition("/")
    return int(total) if total.isdecimal() else None


def _asking(part: Path, here: int) -> dict[str, str]:
    headers = {"User-Agent": "fondaco", "Accept-Encoding": "identity"}
    if here:
        headers["Range"] = f"bytes={here}-"
        with suppress(FileNotFoundError):
            # Without a match, the server sends the complete new file instead of a range.
            headers["If-Range"] = _tag_of(part).read_text()
    return headers


def _append(reply: _Body, part: Path, here: int, progress: Callable[[int], None]) -> int:
    """Write what arrives behind the first `here` bytes, and return how many there are then."""
    with part.open("r+b" if part.exists() else "wb") as file:
        file.truncate(here)
        file.seek(here)
        progress(here)
        while block := reply.read(_BLOCK_BYTES):
            file.write(block)
            here += len(block)
            progress(here)
    return here


def _refused(error: HTTPError, url: str, part: Path) -> None:
    """Decide what a status of 400 or more means.

    Raises:
        _CutError: it may be better next time.
        ModelFileError: it will not.
    """
    if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and _size(part):
        if error.headers.get("Content-Range", "") == f"bytes */{_size(part)}":
            return  # the part is already complete
        part.unlink()
        raise _CutError("the file changed on the server")
    if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code in {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }:
        raise _CutError(f"the server answered {error.code}")
    raise ModelFileError(
        f"Could not fetch {_short(url)}: the server returned {error.code}. Check the URL."
    )


def _tag_of(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _note_tag(part: Path, tag: str | None) -> None:
    """Remember which version of the file the parts are of; a weak tag doesn't say."""
    if tag is None or tag.startswith("W/"):
        _tag_of(part).unlink(missing_ok=True)
    else:
        _tag_of(part).write_text(tag)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    return str(reason) or type(error).__name__


def _short(url: str) -> str:
    """Name a URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.path.rsplit('/', 1)[-1]!r} from {parts.hostname or 'this machine'}"
