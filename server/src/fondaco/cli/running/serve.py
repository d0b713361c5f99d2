"""`fondaco serve`: run the server."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli import completing
from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.models.fetching import fetch
from fondaco.cli.options import Config, Home, configuration, warn
from fondaco.cli.output import printable
from fondaco.cli.running.dashboard import duration
from fondaco.cli.running.live import LiveTerminal, ShownDownloads, live_terminal, watch
from fondaco.domain.extras import how_to_install
from fondaco.domain.models.model import ModelType
from fondaco.environment import environment

if TYPE_CHECKING:
    from fondaco.app import StartReport, Watch
    from fondaco.app.adding.downloads import Progress
    from fondaco.configuration import Configuration
    from fondaco.domain.models.model import AnyModel, Model
    from fondaco.settings import Settings

_NETWORK, _LOG = "Network options", "Log options"


def serve(
    *,
    host: Annotated[
        str | None,
        typer.Option(
            metavar="HOST",
            help="Address to listen on; default: 127.0.0.1.",
            show_default=False,
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            metavar="PORT",
            help="Port to listen on; default: 8000; 0 picks a free port.",
            show_default=False,
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    allow_remote: Annotated[
        bool | None,
        typer.Option(
            "--allow-remote",
            help="Allow a non-loopback address; put a TLS proxy in front.",
            show_default=False,
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            help="Minimum log level: debug, info, warning or error; default: warning.",
            show_default=False,
            rich_help_panel=_LOG,
        ),
    ] = None,
    log_format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="Log format: text or json; default: text.",
            show_default=False,
            rich_help_panel=_LOG,
        ),
    ] = None,
    access_log: Annotated[
        bool | None,
        typer.Option(
            "--access-log",
            help="Log the method, route, status, time, size, request id and key id of each response.",
            show_default=False,
            rich_help_panel=_LOG,
        ),
    ] = None,
    pull: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Download a known model while the server runs, if it is missing; may be repeated.",
            autocompletion=completing.pullable,
        ),
    ] = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Run the server.

    The first start creates an account and an API key.
    """
    from fondaco.configuration import ConfigurationError, missing_secrets

    read = partial(
        configuration,
        home,
        config,
        host=host,
        port=port,
        allow_remote=allow_remote,
        log_level=log_level,
        log_format=log_format,
        access_log=access_log,
    )
    loaded = read()
    settings = loaded.settings
    if faults := tuple(missing_secrets(settings)):
        raise ConfigurationError(*faults)
    with _uncollected():
        from fondaco import app

        missing = tuple(_missing(settings, pull or ()))
        with live_terminal(environment()) as terminal:
            downloads = None if terminal is None else ShownDownloads()
            fetches = tuple(
                app.Fetch(one, partial(_fetch, settings, one, downloads)) for one in missing
            )
            try:
                app.serve(
                    loaded,
                    partial(_announce, loaded),
                    lambda trial: read(trial=trial),
                    fetches,
                    _watch(terminal, downloads),
                )
            except app.ListenAddressError as error:
                raise FailedError(str(error), Exit.ADDRESS) from error


@contextmanager
def _uncollected() -> Iterator[None]:
    """Collect no garbage during a start, which leaves little: `settle_runtime` enables it once served."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _watch(terminal: LiveTerminal | None, downloads: ShownDownloads | None) -> "Watch | None":
    """Return the task that draws the live line; None: there is none."""
    from fondaco.system import SystemClock

    if terminal is None or downloads is None:
        return None
    return partial(watch, terminal, downloads, monotonic=SystemClock.monotonic)


def _missing(settings: "Settings", wanted: Sequence[str]) -> Iterator[str]:
    """Yield the models whose files are to be fetched: the default one, then those that are wanted.

    Raises:
        typer.BadParameter: a wanted one is no model whose files are known.
    """
    from fondaco.modelfiles import ModelFolder
    from fondaco.modelfiles.known import KNOWN

    if unknown := [name for name in wanted if name not in KNOWN]:
        known = ", ".join(KNOWN)
        raise typer.BadParameter(
            f"{unknown[0]!r} is not a known model. Known models: {known}.", param_hint="--pull"
        )
    default = _missing_default(settings)
    if default is not None:
        yield default.id
    folder = ModelFolder(settings.models_folder)
    for name in dict.fromkeys(wanted):
        is_here = all(path.is_file() for path in folder.paths(name))
        if not is_here and (default is None or name != default.id):
            yield name


def _missing_default(settings: "Settings") -> "Model | None":
    """Return the default model where its file is missing, and can be used once it is here."""
    model = _default(settings)
    if model is None or model.installed or model.offline:
        return None
    if find_spec("xllamacpp") is None:
        typer.echo(
            f"fondaco: the embedded engine is not installed. {how_to_install('embedded')}", err=True
        )
        return None
    return model


def _fetch(
    settings: "Settings", model_id: str, downloads: ShownDownloads | None, told: "Progress"
) -> None:
    """Fetch a model's files while the server runs.

    Raises:
        ModelFileError: they cannot be had, which was printed.
    """
    from fondaco.modelfiles import ModelFileError, source_of

    default = _default(settings)
    readiness = ", and so does /readyz" if default and default.id == model_id else ""
    typer.echo(
        f"fondaco: downloading the model {model_id!r}; until it is complete, calls for it get "
        f"503{readiness}.",
        err=True,
    )
    try:
        if downloads is None:
            fetch(settings, model_id, bar=False, told=told)
        else:
            with downloads.of(model_id) as advance:
                fetch(settings, model_id, advance=advance, told=told)
    except ModelFileError as error:
        typer.echo(f"fondaco: {printable(str(error))}", err=True)
        entry = settings.models.get(model_id)
        source = source_of(model_id, entry.file) if entry and entry.file else model_id
        typer.echo(f"fondaco: once this is fixed, run: fondaco models pull {source}", err=True)
        raise
    typer.echo(f"fondaco: downloaded the model {model_id!r}.", err=True)


def _default(settings: "Settings") -> "Model | None":
    from fondaco.configuration import catalogue_of, missing_files
    from fondaco.domain.errors import ModelNotFoundError
    from fondaco.system import SystemClock

    try:
        catalogue = catalogue_of(settings, missing_files(settings), SystemClock().now)
        return catalogue.route("default").model
    except ModelNotFoundError:
        return None


def _announce(loaded: "Configuration", started: "StartReport") -> None:
    """Say where the server is; the first time, also how to talk to it."""
    url, secret = started.url, started.first_key
    warn(loaded)
    typer.echo(f"Fondaco listens on {url}")
    if secret is not None:
        _introduce(loaded, started, secret)
    if started.login is not None:
        lifetime = duration(loaded.settings.dashboard.link_lifetime_s)
        typer.echo(
            f"\nOpen the dashboard (the link works once, for {lifetime}):\n  "
            f"{started.login.link(started.local_url)}"
        )


def _introduce(loaded: "Configuration", started: "StartReport", secret: str) -> None:
    """Say how to talk to a new server."""
    from fondaco.http.apis.operator import docs_site

    url = started.url
    model = started.model.name if started.model else "none (see: fondaco models list)"
    larger = _larger(loaded.settings, started.model)
    question = '{"model": "default", "messages": [{"role": "user", "content": "Say hello."}]}'
    typer.echo(
        f"""
Your first API key, shown this once:
  {secret}
The default model: {model}{larger}
{_listed(started.others)}

Try it:
  curl {url}/api/v1/chat/completions -H 'Authorization: Bearer {secret}' \
-H 'Content-Type: application/json' -d '{question}'

For tools made for OpenAI:
  export OPENAI_BASE_URL={url}/api/v1 OPENAI_API_KEY={secret}

Documentation: {url}/{docs_site.location()}"""
    )


_SHOWN = {
    ModelType.IMAGE: "images",
    ModelType.INPAINT: "image edits",
    ModelType.UPSCALE: "upscaled images",
    ModelType.TTS: "speech",
    ModelType.ASR: "transcription",
    ModelType.VIDEO: "videos",
}
"""Type -> what a model of it makes."""


def _listed(models: Sequence["AnyModel"]) -> str:
    made = [f"{_SHOWN[one.type]} by {one.id}" for one in models if one.type in _SHOWN]
    return f"Also available: {', '.join(made)}" if made else ""


def _larger(settings: "Settings", default: "Model | None") -> str:
    """Return a sentence on the largest text model that can be pulled; empty where the default is no smaller."""
    from fondaco.configuration.built_in import EMBEDDED
    from fondaco.modelfiles.known import KNOWN

    if default is None or default.id not in KNOWN:
        return ""
    texts = [
        KNOWN[one]
        for one, row in settings.models.items()
        if one in KNOWN and EMBEDDED in row.engines
    ]
    largest = max(texts, key=lambda known: known.files[0].size_bytes, default=KNOWN[default.id])
    if largest.name == default.id or (settings.models_folder / largest.file).is_file():
        return ""
    megabytes = largest.files[0].size_bytes // 10**6
    return f", small and often wrong. For a better one ({megabytes} MB): fondaco models pull {largest.name}"
