"""`fondaco tts`: read a text aloud into a file."""

import sys
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
    from fondaco.app.without_server.one_speech import OneSpeech
    from fondaco.cli.connecting.api import Api
    from fondaco.domain.media.speech import SpeechRequest
_WORK = "Generating speech"


def tts(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="Text to speak; - reads standard input.")
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write: .mp3, .opus, .aac, .flac, .wav or .pcm.",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("speech.mp3"),
    model: Annotated[
        str, typer.Option(metavar="NAME", help="Id, trait or alias of a speech model.")
    ] = "default",
    voice: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Voice, such as af_sky; an unknown voice is replaced by the model's default.",
        ),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.25, max=4.0, metavar="NUMBER", help="Speed factor.")
    ] = 1.0,
    instructions: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Speaking instructions, for models that support them."),
    ] = "",
    force: Force = False,
    url: Url = None,
    key: KeyOfUrl = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Generate speech from a text.

    If no server runs on the home folder, the command runs the model itself, free of charge.
    """
    expect_writable(output, force=force)
    request = _request(
        output,
        sys.stdin.read() if text == "-" else text,
        model=model,
        voice=voice,
        speed=speed,
        instructions=instructions,
    )
    with chosen_target(url, key, home, config) as target:
        made = _made(target, request)
    write_made(output, made.file)
    _report(made, output, voice, as_json=as_json)


def _made(target: ServerTarget | NoServer, request: "SpeechRequest") -> "OneSpeech":
    if isinstance(target, ServerTarget):
        from fondaco.cli.connecting.api import use_api

        return use_api(target, partial(_made_by_server, request=request))
    import anyio

    from fondaco.app.without_server.one_speech import one_speech
    from fondaco.domain.errors import FondacoError

    expect_own_model(target.settings, request.model, "tts")
    try:
        with busy(_WORK):
            return anyio.run(one_speech, target.settings, request)
    except FondacoError as error:
        raise failed(error) from error


async def _made_by_server(api: "Api", request: "SpeechRequest") -> "OneSpeech":
    from fondaco.cli.connecting.downloading import once_downloaded
    from fondaco.cli.media.from_server import speech_from

    return await once_downloaded(
        api, request.model, partial(speech_from, api, request), shown=partial(busy, _WORK)
    )


def _report(made: "OneSpeech", output: Path, voice: str | None, *, as_json: bool) -> None:
    if as_json:
        told = {"file": str(output), "model": made.model, "voice": made.voice}
        seconds = None if made.seconds is None else round(made.seconds, 3)
        print_json({**told, "seconds": seconds, "ignored": list(made.ignored)})
        return
    length = "" if made.seconds is None else f"{made.seconds:.1f} s "
    typer.echo(printable(f"{output}: {length}by {made.model}, voice {made.voice}"))
    if voice not in (None, made.voice):
        typer.echo(
            printable(f"{made.model} has no voice {voice!r}; its default voice was used."), err=True
        )
    if made.ignored:
        typer.echo(
            f"{made.model} does not support {', '.join(made.ignored)}, which had no effect.",
            err=True,
        )


def _request(
    output: Path, text: str, *, model: str, voice: str | None, speed: float, instructions: str
) -> "SpeechRequest":
    from fondaco.domain.media.speech import MOST_CHARACTERS, SpeechFormat, SpeechRequest
    from fondaco.domain.media.voices import DEFAULT_VOICE

    suffix = output.suffix.lower().removeprefix(".")
    if suffix not in list(SpeechFormat):
        kinds = ", ".join(f".{one}" for one in SpeechFormat)
        raise typer.BadParameter(
            f"{output.name!r} has an unsupported suffix. Expected one of {kinds}."
        )
    if not text:
        raise typer.BadParameter("TEXT is empty.")
    if len(text) > MOST_CHARACTERS:
        raise typer.BadParameter(
            f"TEXT has {len(text):,} characters; the limit is {MOST_CHARACTERS:,}."
        )
    return SpeechRequest(
        model=model,
        text=text,
        voice=voice or DEFAULT_VOICE,
        format=SpeechFormat(suffix),
        speed=speed,
        instructions=instructions,
    )
