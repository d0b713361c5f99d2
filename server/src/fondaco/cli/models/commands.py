"""`fondaco models`: the catalogue, and the files of its models on this machine."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli import completing
from fondaco.cli.configuring.reloading import reload_if_running
from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.models.adding import add
from fondaco.cli.models.fetching import Sha256, fetch_all
from fondaco.cli.models.removing import remove
from fondaco.cli.models.searching import search
from fondaco.cli.models.weights import addable
from fondaco.cli.options import AsJson, Config, Home, Wide, configuration
from fondaco.cli.output import Row, Table, print_json, print_row, print_rows
from fondaco.cli.progress import busy

if TYPE_CHECKING:
    from fondaco.domain.models.model import AnyModel
    from fondaco.settings import Settings

group = CommandGroup(help="List, download, add and remove models.")

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Id, trait or alias of a model.", autocompletion=completing.models
    ),
]
_TABLE = Table(
    "The catalogue is empty.",
    optional=("sunset", "traits", "name", "engines", "type", "contextTokens"),
    flexible="name",
    headings={
        "contextTokens": "context",
        "usdPerMillionInput": "usdInput",
        "usdPerMillionOutput": "usdOutput",
    },
)
"""Prices are per million tokens. A file that no model names stands in parentheses."""


@group.command("list")
def list_models(
    *,
    connect: Annotated[
        bool,
        typer.Option(
            "--connect", help="Also ask upstream engines, and list the models that they serve now."
        ),
    ] = False,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    wide: Wide = False,
) -> None:
    """List models, and files that belong to no model."""
    settings = configuration(home, config).settings
    rows = [*_rows(settings), *_strangers(settings)]
    if connect:
        rows = list(_with_answering(rows, settings))
    if not as_json:
        rows = [{**row, "id": row["id"] or f"({row['name']})"} for row in rows]
    print_rows(rows, _TABLE, as_json=as_json, wide=wide)


@group.command()
def show(name: Name, *, home: Home = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show the model that an id, trait or alias resolves to."""
    from fondaco.configuration import catalogue_of, missing_files
    from fondaco.domain.errors import ModelNotFoundError
    from fondaco.domain.models.model import ModelType
    from fondaco.system import SystemClock

    settings = configuration(home, config).settings
    catalogue = catalogue_of(settings, missing_files(settings), SystemClock().now)
    kinds = [kind for kind in (ModelType.TEXT, *ModelType) if catalogue.knows(name, kind)]
    try:
        model = catalogue.route(name, kinds[0] if kinds else ModelType.TEXT).model
    except ModelNotFoundError as error:
        message = str(error).replace(
            "GET /api/v1/models lists all.", "List them with: fondaco models list"
        )
        raise FailedError(message, Exit.UNKNOWN) from error
    print_row(_row(model, settings), as_json=as_json)


@group.command()
def pull(
    source: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Id of a model, hf:OWNER/REPO, URL, or path of a GGUF file.",
            autocompletion=completing.pullable,
        ),
    ],
    *,
    sha256: Sha256 = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Download the files of a model.

    An interrupted download resumes where it stopped.
    """
    settings = configuration(home, config).settings
    if addable(source) is not None and source not in settings.models:
        raise FailedError(
            f"{source!r} is not in the catalogue yet. Download and add it with: fondaco models add "
            f"{source}",
            Exit.UNKNOWN,
        )
    paths = fetch_all(settings, source, sha256)
    if as_json:
        size = sum(path.stat().st_size for path in paths)
        print_json({"file": str(paths[0]), "bytes": size})
    else:
        typer.echo(f"Downloaded: {paths[0]}")
    reload_if_running(settings.home)


group.command()(add)
group.command()(search)
group.command()(remove)
group.command("rm", hidden=True)(remove)


def _rows(settings: "Settings") -> Iterator[Row]:
    from fondaco.configuration import missing_files, models_of

    for model in models_of(settings, missing_files(settings)):
        yield _row(model, settings)


def _with_answering(rows: list[Row], settings: "Settings") -> Iterator[Row]:
    """Add to each row the engines that answer now; one that is built in does once its files are here."""
    import anyio

    from fondaco.app import look_at_engines

    with busy("Asking the engines"):
        found = anyio.run(look_at_engines, settings)
    silent = {name for name, seen in found.items() if seen.fault}
    for row in rows:
        engines = row["engines"]
        names = engines if isinstance(engines, list) else []
        here = [one for one in names if one in found or row["installed"]]
        yield {**row, "answering": [one for one in here if one not in silent]}


def _row(model: "AnyModel", settings: "Settings") -> Row:
    from fondaco.configuration import OF_FILES, files_of
    from fondaco.domain.models.model import EmbeddingModel, Model
    from fondaco.domain.models.names import SEALED
    from fondaco.domain.money.money import decimal

    entry = settings.models.get(model.id) or settings.models[model.id.removeprefix(SEALED)]
    text = model if isinstance(model, Model) else None
    priced = model if isinstance(model, Model | EmbeddingModel) else None
    files, end = files_of(entry, settings), model.deprecation
    here = bool(files) and all(file.is_file() for file in files)
    needs_files = bool(files) and not OF_FILES.isdisjoint(entry.engines)
    return {
        "id": model.id,
        "name": model.name,
        "installed": here if here or needs_files else None,
        "type": str(model.type),
        "contextTokens": priced and priced.context_tokens,
        "usdPerMillionInput": priced and decimal(priced.price.input),
        "usdPerMillionOutput": text and decimal(text.price.output),
        "engines": list(model.engines),
        "traits": list(model.traits),
        "sunset": end and end.sunset.isoformat(),
    }


def _strangers(settings: "Settings") -> Iterator[Row]:
    """Yield rows for model files that no model of the catalogue names."""
    from fondaco.configuration import files_of
    from fondaco.modelfiles import KNOWN, ModelFolder

    purposes = {model.file: model.purpose for model in KNOWN.values() if model.purpose}
    named = {file.name for m in settings.models.values() for file in files_of(m, settings)}
    for stranger in ModelFolder(settings.models_folder).installed():
        if stranger.path.name not in named:
            yield {
                "id": None,
                "name": stranger.path.name,
                "installed": True,
                "type": purposes.get(stranger.path.name),
                "contextTokens": None,
                "usdPerMillionInput": None,
                "usdPerMillionOutput": None,
                "engines": [],
                "traits": [],
                "sunset": None,
            }
