"""`fondaco video`: make a video into a file."""

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fondaco.cli.connecting.own_models import expect_own_model
from fondaco.cli.connecting.target import KeyOfUrl, NoServer, Url, chosen_target
from fondaco.cli.exits import FailedError
from fondaco.cli.help.groups import OUTPUT
from fondaco.cli.made_files import expect_writable, failed, write_made
from fondaco.cli.media.made_video import (
    MadeVideo,
    made_by_server,
    report_video,
    resuming_options,
)
from fondaco.cli.options import AsJson, Config, Force, Home
from fondaco.cli.progress import share_bar

if TYPE_CHECKING:
    from fondaco.domain.media.video import MediaSource, VideoRequest

_SOURCES, _FILM = "Source files", "Video options"


def video(
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="PROMPT", help="Description of the video and of the camera's movement."
        ),
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write: .mp4.",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("video.mp4"),
    model: Annotated[
        str, typer.Option(metavar="NAME", help="Id, trait or alias of a video model.")
    ] = "default",
    image: Annotated[
        Path | None,
        typer.Option(
            "--image",
            "-i",
            metavar="FILE",
            help="First frame.",
            rich_help_panel=_SOURCES,
        ),
    ] = None,
    soundtrack: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Soundtrack: .wav or .mp3.",
            rich_help_panel=_SOURCES,
        ),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Reference video, .mp4, .mov or .webm, for models that take one.",
            rich_help_panel=_SOURCES,
        ),
    ] = None,
    seconds: Annotated[
        int,
        typer.Option(
            min=1,
            max=60,
            metavar="SECONDS",
            help="Duration, as far as the model allows.",
            rich_help_panel=_FILM,
        ),
    ] = 5,
    resolution: Annotated[
        Literal["1080p", "720p", "480p"],
        typer.Option(
            metavar="1080p|720p|480p",
            help="Resolution, by the shorter side.",
            rich_help_panel=_FILM,
        ),
    ] = "720p",
    aspect_ratio: Annotated[
        str | None,
        typer.Option(
            metavar="W:H",
            help="Aspect ratio, such as 16:9; default: that of the image, else the model's first.",
            rich_help_panel=_FILM,
        ),
    ] = None,
    audio: Annotated[
        bool | None,
        typer.Option(
            "--audio/--no-audio",
            help="Add sound; default: the model's.",
            rich_help_panel=_FILM,
        ),
    ] = None,
    negative_prompt: Annotated[
        str,
        typer.Option(
            "--negative",
            metavar="TEXT",
            help="Negative prompt: content to avoid.",
            rich_help_panel=_FILM,
        ),
    ] = "",
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Seed; the same seed yields the same video; only without a server; default: random.",
            rich_help_panel=_FILM,
        ),
    ] = None,
    force: Force = False,
    url: Url = None,
    key: KeyOfUrl = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Generate a video from a prompt.

    A server queues the video; the command waits for it, saves it, and has the server delete its copy. If no server
    runs on the home folder, the command runs the model itself, free of charge.
    """
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
    with chosen_target(url, key, home, config) as target:
        if isinstance(target, NoServer):
            made = _made_here(target, request, seed, output)
        elif seed is None:
            options = resuming_options(url, key, home, config)
            made = made_by_server(target, request, output, options)
        else:
            raise typer.BadParameter(
                f"The API at {target.url} has no seeds for videos. Leave --seed out, or stop the server: "
                "without one, the command runs the model itself."
            )
    report_video(made, output, as_json=as_json)


def _made_here(
    target: NoServer, request: "VideoRequest", seed: int | None, output: Path
) -> MadeVideo:
    import anyio

    from fondaco.app.without_server.one_video import one_video
    from fondaco.domain.errors import FondacoError

    expect_own_model(target.settings, request.model, "video")
    try:
        with share_bar("Generating the video") as bar:
            made = anyio.run(one_video, target.settings, request, seed, bar)
    except FondacoError as error:
        raise failed(error) from error
    write_made(output, made.file)
    return MadeVideo(made.model, made.file, made.task.seed, made.understood)


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
