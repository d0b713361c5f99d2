"""`fondaco transcribe`: transcribe a recording."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.connecting.own_models import expect_own_model
from fondaco.cli.connecting.target import KeyOfUrl, NoServer, ServerTarget, Url, chosen_target
from fondaco.cli.exits import FailedError
from fondaco.cli.help.groups import OUTPUT
from fondaco.cli.made_files import expect_writable, failed, write_made
from fondaco.cli.options import Config, Force, Home
from fondaco.cli.output import printable, without_controls
from fondaco.cli.progress import busy, share_bar

if TYPE_CHECKING:
    from fondaco.cli.connecting.api import Api
    from fondaco.domain.media.transcription import TranscriptionRequest


class Written(StrEnum):
    """Formats of a transcript; as in the API."""

    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"
    """With the times of segments and words."""


def transcribe(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Audio or video file.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write; default: standard output.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    written: Annotated[
        Written,
        typer.Option(
            "--format",
            metavar="|".join(Written),
            help="Format of the transcript.",
            rich_help_panel=OUTPUT,
        ),
    ] = Written.TEXT,
    model: Annotated[
        str, typer.Option(metavar="NAME", help="Id, trait or alias of a transcription model.")
    ] = "default",
    language: Annotated[
        str | None,
        typer.Option(
            metavar="CODE", help="Language of the recording, such as en; default: detected."
        ),
    ] = None,
    prompt: Annotated[
        str, typer.Option(metavar="TEXT", help="Names and spellings to expect.")
    ] = "",
    translate: Annotated[
        bool, typer.Option("--translate", help="Translate the transcript to English.")
    ] = False,
    force: Force = False,
    url: Url = None,
    key: KeyOfUrl = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Transcribe a recording.

    If no server runs on the home folder, the command runs the model itself, free of charge.
    """
    from fondaco.domain.media.transcription import TranscriptionKind, TranscriptionRequest

    if output is not None:
        expect_writable(output, force=force)
    kind = TranscriptionKind.TRANSLATE if translate else TranscriptionKind.TRANSCRIBE
    request = TranscriptionRequest(
        model=model,
        file=_content(file),
        kind=kind,
        language=language,
        prompt=prompt,
        words=written is Written.JSON,
    )
    with chosen_target(url, key, home, config) as target:
        body, told = _made(target, request, written)
    if output is None:
        typer.echo(without_controls(body.decode("utf-8", "replace")).removesuffix("\n"))
    else:
        write_made(output, body)
        typer.echo(printable(f"{output}: {told}"))


def _made(
    target: ServerTarget | NoServer, request: "TranscriptionRequest", written: Written
) -> tuple[bytes, str]:
    """Return the transcript as it is written, and a line about how it came about."""
    if isinstance(target, ServerTarget):
        from fondaco.cli.connecting.api import use_api

        model, body = use_api(target, partial(_made_by_server, request=request, written=written))
        return body, f"by {model}"
    import anyio

    from fondaco.app.without_server.one_transcript import one_transcript
    from fondaco.domain.errors import FondacoError
    from fondaco.domain.media.sound import charged_seconds
    from fondaco.domain.money.usage import Usage
    from fondaco.http.apis.openai.transcription.writers import (
        WholeTranscript,
        written as write,
    )

    expect_own_model(target.settings, request.model, "asr")
    try:
        with share_bar("Transcribing") as bar:
            made = anyio.run(
                one_transcript,
                target.settings,
                request,
                lambda heard_s, sound_s: bar(heard_s / sound_s if sound_s else 1.0),
            )
    except FondacoError as error:
        raise failed(error) from error
    is_json = written is Written.JSON
    usage = Usage(seconds=charged_seconds(made.sound_s))
    body, _ = write(
        WholeTranscript(request.kind, made.sound_s, made.parts, usage),
        "verbose_json" if is_json else written.value,
        ("segment", "word") if is_json else (),
    )
    return body, f"{made.sound_s:.1f} s by {made.model}"


async def _made_by_server(
    api: "Api", request: "TranscriptionRequest", written: Written
) -> tuple[str, bytes]:
    from fondaco.cli.connecting.downloading import once_downloaded
    from fondaco.cli.media.from_server import transcript_from

    work = partial(transcript_from, api, request, written.value)
    return await once_downloaded(api, request.model, work, shown=partial(busy, "Transcribing"))


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FailedError(f"{file} cannot be read: {error.strerror}.") from error
