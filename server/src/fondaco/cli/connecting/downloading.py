"""Waits for a model that its server is still downloading, rather than failing."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import anyio
import typer

from fondaco.cli.connecting.api import Api
from fondaco.cli.connecting.models import model_id
from fondaco.cli.connecting.refusals import DownloadingError, RefusalError
from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.output import printable
from fondaco.cli.progress import busy, progress

T = TypeVar("T")
_LOOK_S = 0.5
_SOONEST_S, _LATEST_S = 2.0, 15.0
"""Pauses between two tries where the progress may not be seen: few enough for the failure throttle."""
_UNDER_WAY = frozenset({"queued", "running"})


async def once_downloaded(
    api: Api,
    model: str,
    work: Callable[[], Awaitable[T]],
    *,
    shown: Callable[[], AbstractContextManager[object]] = nullcontext,
    quiet: bool = False,
) -> T:
    """Return the result of some work, repeated as long as the server downloads the model for it.

    Args:
        api: the server's.
        model: any name of the model.
        work: sends a request.
        shown: what shows that the work goes on.
        quiet: whether nothing is said of the download off a terminal.

    Raises:
        FailedError: the work failed, or the download.
    """
    pause_s, is_told = _SOONEST_S, quiet
    while True:
        try:
            with shown():
                return await work()
        except DownloadingError:
            name = await model_id(api, model)
        if await _shown_until_here(api, name, quiet=quiet):
            continue
        if not is_told:
            typer.echo(f"The server is downloading the model {printable(repr(name))}.", err=True)
            is_told = True
        with busy(f"Waiting until the server has downloaded {name}", patience_s=0.0):
            await anyio.sleep(pause_s)
        pause_s = min(_LATEST_S, 2 * pause_s)


async def _shown_until_here(api: Api, model: str, *, quiet: bool) -> bool:
    """Show the progress of a download until it has ended; return False where the key may not see it.

    Raises:
        FailedError: the download failed.
    """
    found = await _download(api, model)
    if found is None:
        return False
    with progress(f"The server downloads {model}", lines=not quiet) as advance:
        while found is not None and found.get("state") in _UNDER_WAY:
            advance(_bytes(found.get("bytes")) or 0, _bytes(found.get("totalBytes")))
            await anyio.sleep(_LOOK_S)
            found = await _download(api, model)
    if found is not None and found.get("state") == "failed":
        raise FailedError(
            f"The server could not download the model {model!r}: {found.get('error')}",
            Exit.UNREACHABLE,
        )
    return True


async def _download(api: Api, model: str) -> dict[str, object] | None:
    """Return a download as `GET /operator/downloads` lists it; None: it is not listed, or not for this key."""
    try:
        listed = await api.get("/operator/downloads")
    except RefusalError:
        return None
    rows = listed.get("data") if isinstance(listed, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("model") == model:
            return row
    return None


def _bytes(value: object) -> int | None:
    return value if isinstance(value, int) else None
