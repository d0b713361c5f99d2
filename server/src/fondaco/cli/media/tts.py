"""`fondaco tts`: read a text aloud into a file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.made_files import expect_writable, failed, write_made
from fondaco.cli.options import AsJson, Config, Home, configuration
from fondaco.cli.output import print_json, printable

if TYPE_CHECKING:
    from fondaco.app.without_server.one_speech import OneSpeech
    from fondaco.domain.media.speech import SpeechRequest


def tts(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to read; `-`: standard input.")],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="A .mp3, .opus, .aac, .flac, .wav or .pcm file."
        ),
    ] = Path("speech.mp3"),
    model: Annotated[
        str, typer.Option(metavar="NAME", help="Any name that routes to a speech model.")
    ] = "default",
    voice: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Such as af_sky; one that is not here is replaced."),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.25, max=4.0, help="By how much it is faster.")
    ] = 1.0,
    instructions: Annotated[
        str, typer.Option(metavar="TEXT", help="How to speak, for models that heed it.")
    ] = "",
    force: Annotated[bool, typer.Option(help="Replace a file that is there.")] = False,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Read a text aloud, without a server and free of charge."""
    import anyio

    from fondaco.app.without_server.one_speech import one_speech
    from fondaco.domain.errors import FondacoError

    expect_writable(output, force=force)
    request = _request(
        output,
        sys.stdin.read() if text == "-" else text,
        model=model,
        voice=voice,
        speed=speed,
        instructions=instructions,
    )
    settings = configuration(home, config).settings
    try:
        made = anyio.run(one_speech, settings, request)
    except FondacoError as error:
        raise failed(error) from error
    write_made(output, made.file)
    _report(made, output, voice, as_json=as_json)


def _report(made: "OneSpeech", output: Path, voice: str | None, *, as_json: bool) -> None:
    if as_json:
        told = {"file": str(output), "model": made.model, "voice": made.voice}
        print_json({**told, "seconds": round(made.seconds, 3), "ignored": list(made.ignored)})
        return
    typer.echo(printable(f"{output}: {made.seconds:.1f} s by {made.model}, voice {made.voice}"))
    if voice not in (None, made.voice):
        typer.echo(printable(f"{made.model} has no voice {voice!r}."), err=True)
    if made.ignored:
        typer.echo(f"{made.model} has no {', '.join(made.ignored)}.", err=True)


def _request(
    output: Path, text: str, *, model: str, voice: str | None, speed: float, instructions: str
) -> "SpeechRequest":
    from fondaco.domain.media.speech import MOST_CHARACTERS, SpeechFormat, SpeechRequest
    from fondaco.domain.media.voices import DEFAULT_VOICE

    suffix = output.suffix.lower().removeprefix(".")
    if suffix not in list(SpeechFormat):
        kinds = ", ".join(f".{one}" for one in SpeechFormat)
        raise typer.BadParameter(f"{output.name!r} ends in none of {kinds}.")
    if not text:
        raise typer.BadParameter("TEXT is empty.")
    if len(text) > MOST_CHARACTERS:
        raise typer.BadParameter(
            f"TEXT has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read at once."
        )
    return SpeechRequest(
        model=model,
        text=text,
        voice=voice or DEFAULT_VOICE,
        format=SpeechFormat(suffix),
        speed=speed,
        instructions=instructions,
    )
