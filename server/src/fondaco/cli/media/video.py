"""`fondaco video`: make a video into a file."""

import sys
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fondaco.cli.exits import FailedError
from fondaco.cli.made_files import expect_writable, failed, write_made
from fondaco.cli.options import AsJson, Config, Home, configuration
from fondaco.cli.output import print_json, printable

if TYPE_CHECKING:
    from fondaco.app.without_server.one_video import OneVideo
    from fondaco.domain.media.video import MediaSource


def video(
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="PROMPT", help="Description of the video and of the camera's movement."
        ),
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="File to write: .mp4.")
    ] = Path("video.mp4"),
    model: Annotated[
        str, typer.Option(metavar="NAME", help="Id, trait or alias of a video model.")
    ] = "default",
    image: Annotated[
        Path | None,
        typer.Option("--image", "-i", metavar="FILE", help="First frame."),
    ] = None,
    soundtrack: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Soundtrack: .wav or .mp3.")
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Reference video, .mp4, .mov or .webm, for models that take one."
        ),
    ] = None,
    seconds: Annotated[
        int,
        typer.Option(
            min=1, max=60, metavar="SECONDS", help="Duration, as far as the model allows."
        ),
    ] = 5,
    resolution: Annotated[
        Literal["1080p", "720p", "480p"],
        typer.Option(metavar="1080p|720p|480p", help="Resolution, by the shorter side."),
    ] = "720p",
    aspect_ratio: Annotated[
        str | None,
        typer.Option(
            metavar="W:H",
            help="Aspect ratio, such as 16:9; default: that of the image, else the model's first.",
        ),
    ] = None,
    audio: Annotated[
        bool | None,
        typer.Option("--audio/--no-audio", help="Add sound; default: the model's."),
    ] = None,
    negative_prompt: Annotated[
        str, typer.Option("--negative", metavar="TEXT", help="Negative prompt: content to avoid.")
    ] = "",
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Seed; the same seed yields the same video; default: random."
        ),
    ] = None,
    force: Annotated[bool, typer.Option(help="Overwrite an existing file.")] = False,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Generate a video from a prompt.

    The command runs the model itself, free of charge; it needs no server.
    """
    import anyio

    from fondaco.app.without_server.one_video import one_video
    from fondaco.domain.errors import FondacoError
    from fondaco.domain.media.picture_source import PictureSource
    from fondaco.domain.media.video import VideoRequest

    if output.suffix.lower() != ".mp4":
        raise typer.BadParameter(f"{output.name!r} has an unsupported suffix. Expected .mp4.")
    expect_writable(output, force=force)
    if not prompt:
        raise typer.BadParameter("PROMPT is empty.")
    request = VideoRequest(
        model=model,
        prompt=prompt,
        seconds=seconds,
        negative_prompt=negative_prompt,
        aspect_ratio=aspect_ratio,
        resolution=resolution,
        audio=audio,
        picture=None if image is None else PictureSource(_content(image), "--image"),
        soundtrack=_medium(soundtrack, "--soundtrack"),
        reference=_medium(like, "--like"),
    )
    settings = configuration(home, config).settings
    try:
        with closing(_Percent()) as progress:
            made = anyio.run(one_video, settings, request, seed, progress)
    except FondacoError as error:
        raise failed(error) from error
    write_made(output, made.file)
    _report(made, output, as_json=as_json)


class _Percent:
    """Progress as one line that grows on a terminal, and as nothing elsewhere."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._percent = -1

    def __call__(self, share: float) -> None:
        percent = int(100 * share)
        if self._shown and percent > self._percent:
            self._percent = percent
            typer.echo(f"\rGenerating the video: {percent} %", err=True, nl=False)

    def close(self) -> None:
        """End the line."""
        if self._shown and self._percent >= 0:
            typer.echo("", err=True)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FailedError(f"{path} cannot be read: {error.strerror}.") from error


def _medium(path: Path | None, option: str) -> "MediaSource | None":
    """Return the file at a path as requests have it."""
    from fondaco.domain.media.video import MediaSource

    if path is None:
        return None
    content = b64encode(_content(path)).decode()
    return MediaSource(f"data:application/octet-stream;base64,{content}", option)


def _report(made: "OneVideo", output: Path, *, as_json: bool) -> None:
    task = made.task
    if as_json:
        size = {"width": task.width, "height": task.height, "seconds": task.seconds}
        told = {"file": str(output), "model": made.model, **size, "seed": task.seed}
        print_json({**told, "audio": task.audio, "understood": made.understood})
        return
    what = f"{task.seconds} s, {task.width} x {task.height}"
    typer.echo(printable(f"{output}: {what}, by {made.model}, seed {task.seed}"))
    if not made.understood:
        typer.echo("The model does not know any word of the prompt.", err=True)
