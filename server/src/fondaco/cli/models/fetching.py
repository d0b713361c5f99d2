"""Model files that commands fetch: by name, URL, path, or from a hub."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from fondaco.cli.models.weights import FetchedFile, addable, known_files, listed
from fondaco.cli.progress import Progress, progress

if TYPE_CHECKING:
    from fondaco.modelfiles import KnownModel
    from fondaco.settings import Settings

Sha256: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="HEX", help="Expected SHA-256; default: known for built-in ids and hf: names."
    ),
]


def fetch_all(settings: "Settings", source: str, sha256: str | None = None) -> tuple[Path, ...]:
    """Fetch a model's file, or all of them, and return where they are, the model itself first.

    Raises:
        ModelFileError: it cannot be had.
    """
    return tuple(file.path for file in fetched(settings, source, sha256))


def fetched(
    settings: "Settings", source: str, sha256: str | None = None
) -> tuple[FetchedFile, ...]:
    """Likewise, with where each file came from.

    Raises:
        ModelFileError: it cannot be had.
    """
    from fondaco.modelfiles.hub import SCHEME

    if source.startswith(SCHEME):
        return _from_hub(settings, source)
    if (known := listed(settings, source) or addable(source)) is not None:
        fetch(settings, source, known=known)
        return known_files(settings, known)
    local = settings.models_folder / source
    if "/" not in source and not Path(source).exists() and local.is_file():
        source = str(local)
    url = source if source.startswith(("http://", "https://")) else ""
    return (FetchedFile(fetch(settings, source, sha256), url, sha256),)


def fetch(
    settings: "Settings",
    source: str,
    sha256: str | None = None,
    *,
    bar: bool = True,
    told: Progress | None = None,
    token: str = "",
    known: "KnownModel | None" = None,
    advance: Progress | None = None,
) -> Path:
    """Fetch a model file unless it is installed, and show progress, with a `bar` on a terminal.

    `advance` takes the progress instead.

    Raises:
        ModelFileError: it cannot be had.
    """
    from fondaco.modelfiles import KNOWN, ModelFolder

    names = KNOWN if known is None else {**KNOWN, source: known}
    folder = ModelFolder(settings.models_folder, known=names)

    def pulled(shown: Progress) -> Path:
        def advanced(done: int, total: int | None) -> None:
            shown(done, total)
            if told is not None:
                told(done, total)

        return folder.pull(source, sha256=sha256, progress=advanced, token=token)

    if advance is not None:
        return pulled(advance)
    with progress(f"Downloading {source.rsplit('/', 1)[-1]}", bar=bar) as shown:
        return pulled(shown)


def _from_hub(settings: "Settings", source: str) -> tuple[FetchedFile, ...]:
    import anyio

    from fondaco.app.adding import hub
    from fondaco.environment import environment
    from fondaco.modelfiles.hub import HubName, chosen, endpoint_of, file_url, has_projector

    name, environ = HubName.parse(source), environment()
    endpoint = endpoint_of(environ.get("HF_ENDPOINT"))
    repository = anyio.run(hub.repository, endpoint, name.repository)
    files = chosen(repository, name.wanted)
    token = environ.get("HF_TOKEN", "")
    if repository.gated and not token:
        typer.echo(
            f"fondaco: warning: {name.repository!r} is gated: if the hub refuses the download, accept "
            "the terms on its page, and set HF_TOKEN.",
            err=True,
        )
    if has_projector(repository):
        typer.echo(
            "fondaco: warning: this model also accepts images, but the embedded engine runs it with "
            "text only. For images, run llama-server with its mmproj file, and add it with `fondaco "
            "engines add URL`.",
            err=True,
        )
    urls = {file: file_url(endpoint, repository, file) for file in files}
    return tuple(
        FetchedFile(fetch(settings, url, file.sha256, token=token), url, file.sha256)
        for file, url in urls.items()
    )
