"""Videos as commands get them from a server, and report them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fondaco.cli.connecting.target import ServerTarget
from fondaco.cli.exits import FailedError
from fondaco.cli.output import print_json, printable
from fondaco.cli.progress import ShareBar, share_bar

if TYPE_CHECKING:
    from fondaco.cli.connecting.api import Api
    from fondaco.cli.media.video_job import PendingVideo
    from fondaco.domain.media.mp4_file import VideoHeader
    from fondaco.domain.media.video import VideoRequest


@dataclass(frozen=True, slots=True)
class MadeVideo:
    """A video that was made and saved."""

    model: str
    file: bytes
    seed: int | None = None
    """None: unknown, because the API has no seeds."""
    understood: bool | None = None
    """Whether the engine understood anything of the prompt; None: the API does not tell."""


def made_by_server(
    target: ServerTarget, request: "VideoRequest", output: Path, options: Mapping[str, str]
) -> MadeVideo:
    """Have a server make a video, and save it.

    Args:
        target: the server.
        request: what it is to make.
        output: the file to write.
        options: those by which another command reaches the same server.

    Raises:
        FailedError: the video failed, or is not here yet; the message then has the command that retrieves it.
    """
    from fondaco.cli.media.video_job import queued_by

    jobs: list[PendingVideo] = []

    async def use(api: "Api", bar: ShareBar) -> MadeVideo:
        jobs.append(await queued_by(api, request))
        return await _saved(api, jobs[0], output, bar)

    return _run(target, use, jobs, output, options)


def retrieved(
    target: ServerTarget, job: "PendingVideo", output: Path, options: Mapping[str, str]
) -> MadeVideo:
    """Wait for a video that a server was asked for before, and save it.

    Raises:
        FailedError: as of `made_by_server`.
    """

    async def use(api: "Api", bar: ShareBar) -> MadeVideo:
        return await _saved(api, job, output, bar)

    return _run(target, use, [job], output, options)


def resuming_options(
    url: str | None, key: str | None, home: Path | None, config: Path | None
) -> dict[str, str]:
    """Return the options that name the same server again; a key that was typed as it is stays unseen."""
    is_shown = key is not None and key.startswith(("env:", "file:"))
    given = {
        "--url": url,
        "--key": key if is_shown else key and "env:NAME_OF_THE_VARIABLE_WITH_THE_KEY",
        "--home": home,
        "--config": config,
    }
    return {name: str(value) for name, value in given.items() if value is not None}


def report_video(made: MadeVideo, output: Path, *, as_json: bool) -> None:
    """Print what was made."""
    header = _header(made.file)
    if as_json:
        size = {
            "width": header and header.width,
            "height": header and header.height,
            "seconds": header and round(header.seconds, 3),
        }
        told = {"file": str(output), "model": made.model, **size, "seed": made.seed}
        print_json({**told, "audio": header and header.sound, "understood": made.understood})
        return
    what = "" if header is None else f"{header.seconds:.3g} s, {header.width} x {header.height}, "
    seed = "" if made.seed is None else f", seed {made.seed}"
    typer.echo(printable(f"{output}: {what}by {made.model}{seed}"))
    if made.understood is False:
        typer.echo("The model does not know any word of the prompt.", err=True)


def _header(file: bytes) -> "VideoHeader | None":
    from fondaco.domain.media.mp4_file import UnreadableVideoError, video_header

    try:
        return video_header(file)
    except UnreadableVideoError:
        return None


async def _saved(api: "Api", job: "PendingVideo", output: Path, bar: ShareBar) -> MadeVideo:
    from fondaco.cli.media.video_job import fetched

    return MadeVideo(job.model, await fetched(api, job, output, bar))


def _run(
    target: ServerTarget,
    use: Callable[["Api", ShareBar], Awaitable[MadeVideo]],
    jobs: Sequence["PendingVideo"],
    output: Path,
    options: Mapping[str, str],
) -> MadeVideo:
    """Run what waits for a video; `jobs` holds it once the server has queued it."""
    from fondaco.cli.connecting.api import use_api
    from fondaco.cli.media.video_job import is_lost

    try:
        with share_bar("Generating the video") as bar:
            return use_api(target, lambda api: use(api, bar))
    except KeyboardInterrupt:
        if not jobs:
            raise
        raise FailedError(
            "Interrupted. The server goes on with the video and charges for it. Retrieve it with: "
            f"{jobs[0].retrieval(output, options)}"
        ) from None
    except FailedError as error:
        if not jobs or is_lost(error):
            raise
        raise FailedError(
            f"{error} If the server still has the video, retrieve it with: "
            f"{jobs[0].retrieval(output, options)}",
            error.exit_code,
        ) from error
