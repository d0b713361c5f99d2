"""`fondaco image`: generate an image into a file."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.connecting.own_models import expect_own_model
from fondaco.cli.connecting.target import KeyOfUrl, NoServer, ServerTarget, Url, chosen_target
from fondaco.cli.help.groups import OUTPUT
from fondaco.cli.made_files import expect_writable, failed, write_made
from fondaco.cli.options import AsJson, Config, Force, Home
from fondaco.cli.output import print_json, printable
from fondaco.cli.progress import busy

if TYPE_CHECKING:
    from fondaco.app.without_server.one_image import OneImage
    from fondaco.cli.connecting.api import Api
    from fondaco.domain.media.image_request import ImageRequest

_FORMATS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}

_PICTURE = "Image options"
_WORK = "Generating the image"


def image(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="Description of the image.")],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write: .png, .jpg or .webp.",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("image.png"),
    model: Annotated[
        str, typer.Option(metavar="NAME", help="Id, trait or alias of an image model.")
    ] = "default",
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHxHEIGHT",
            help="Size in pixels; default: the model's.",
            rich_help_panel=_PICTURE,
        ),
    ] = None,
    negative_prompt: Annotated[
        str,
        typer.Option(
            "--negative",
            metavar="TEXT",
            help="Negative prompt: content to avoid.",
            rich_help_panel=_PICTURE,
        ),
    ] = "",
    style: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Style, as GET /api/v1/image/styles lists it.",
            rich_help_panel=_PICTURE,
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Inference steps; default: the model's.",
            rich_help_panel=_PICTURE,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Seed; the same seed yields the same image; default: random.",
            rich_help_panel=_PICTURE,
        ),
    ] = None,
    force: Force = False,
    url: Url = None,
    key: KeyOfUrl = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Generate an image from a prompt.

    If no server runs on the home folder, the command runs the model itself, free of charge.
    """
    expect_writable(output, force=force)
    request = _request(
        output,
        model=model,
        prompt=prompt,
        negative_prompt=negative_prompt,
        size=size,
        style=style,
        steps=steps,
        seed=seed,
    )
    with chosen_target(url, key, home, config) as target:
        made = _made(target, request)
    write_made(output, made.file)
    _report(made, output, as_json=as_json)


def _made(target: ServerTarget | NoServer, request: "ImageRequest") -> "OneImage":
    if isinstance(target, ServerTarget):
        from fondaco.cli.connecting.api import use_api

        return use_api(target, partial(_made_by_server, request=request))
    import anyio

    from fondaco.app.without_server.one_image import one_image
    from fondaco.domain.errors import FondacoError

    expect_own_model(target.settings, request.model, "image")
    try:
        with busy(_WORK):
            return anyio.run(one_image, target.settings, request)
    except FondacoError as error:
        raise failed(error) from error


async def _made_by_server(api: "Api", request: "ImageRequest") -> "OneImage":
    from fondaco.cli.connecting.downloading import once_downloaded
    from fondaco.cli.media.from_server import image_from

    return await once_downloaded(
        api, request.model, partial(image_from, api, request), shown=partial(busy, _WORK)
    )


def _report(made: "OneImage", output: Path, *, as_json: bool) -> None:
    if as_json:
        told = {"file": str(output), "model": made.model, "seed": made.seed}
        print_json({**told, "understood": made.understood, "ignored": list(made.ignored)})
        return
    typer.echo(printable(f"{output}: by {made.model}, seed {made.seed}"))
    if not made.understood:
        typer.echo("The model does not know any word of the prompt.", err=True)
    if made.ignored:
        typer.echo(
            f"{made.model} does not support {', '.join(made.ignored)}, which had no effect.",
            err=True,
        )


def _request(
    output: Path,
    *,
    model: str,
    prompt: str,
    negative_prompt: str,
    size: str | None,
    style: str | None,
    steps: int | None,
    seed: int | None,
) -> "ImageRequest":
    from fondaco.domain.media import image_styles
    from fondaco.domain.media.image_file import Format
    from fondaco.domain.media.image_request import SEED_LIMIT, ImageRequest
    from fondaco.domain.media.picture import Encoding

    if (media_type := _FORMATS.get(output.suffix.lower())) is None:
        raise typer.BadParameter(
            f"{output.name!r} has an unsupported suffix. Expected one of {', '.join(_FORMATS)}."
        )
    if not prompt:
        raise typer.BadParameter("PROMPT is empty.")
    if seed is not None and abs(seed) > SEED_LIMIT:
        raise typer.BadParameter(f"--seed must be between -{SEED_LIMIT} and {SEED_LIMIT}.")
    try:
        chosen = None if style is None else image_styles.style(style)
    except LookupError as error:
        raise typer.BadParameter(str(error.args[0])) from None
    width, height = (None, None) if size is None else _sides(size)
    return ImageRequest(
        model=model,
        prompt=prompt,
        negative_prompt=negative_prompt,
        width=width,
        height=height,
        steps=steps,
        seed=seed,
        style=chosen,
        encoding=Encoding(Format(media_type)),
    )


def _sides(size: str) -> tuple[int, int]:
    width, by, height = size.lower().partition("x")
    if not by or not all(
        side.isascii() and side.isdigit() and int(side) for side in (width, height)
    ):
        raise typer.BadParameter(
            f"{size!r} is not a size. Expected WIDTHxHEIGHT, such as 1024x768."
        )
    return int(width), int(height)
