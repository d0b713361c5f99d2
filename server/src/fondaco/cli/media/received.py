"""Files that a server sends: checked before they are saved as what was asked for."""

from collections.abc import Mapping
from typing import Literal

from fondaco.cli.exits import FailedError
from fondaco.cli.output import printable

_UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""Types that say nothing of a file."""
_LONGEST = 60


def expect_media(
    file: bytes, headers: Mapping[str, str], kind: Literal["audio", "image", "video"], place: str
) -> None:
    """Return if a response has the file that was asked for, by its type: a proxy in front may send a page.

    Raises:
        FailedError: it has something else, or nothing.
    """
    sent = headers.get("content-type", "").partition(";")[0].strip().lower()
    if file and (sent in _UNTOLD or sent.startswith(f"{kind}/")):
        return
    told = f"a file of type {printable(sent[:_LONGEST])}" if file else "an empty response"
    raise FailedError(
        f"{place} sent {told} in place of {kind} data, so nothing was saved. Check that it is the base URL of "
        "a server with the Venice API."
    )
