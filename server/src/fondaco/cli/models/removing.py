"""`fondaco models remove`: a model leaves the catalogue, and its files the disk."""

from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli import completing
from fondaco.cli.configuring.reloading import reload_if_running
from fondaco.cli.options import Config, Home, configuration

if TYPE_CHECKING:
    from fondaco.settings import Settings


def remove(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Id of a model, or name of its file.",
            autocompletion=completing.models,
        ),
    ],
    *,
    keep_files: Annotated[
        bool,
        typer.Option(
            "--keep-files", help="Remove the model from the catalogue, but keep its files."
        ),
    ] = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Remove a model from the catalogue and delete its files.

    A built-in model stays in the catalogue; only its files are deleted.
    """
    from fondaco.configuration import added, load
    from fondaco.modelfiles import source_of

    settings = configuration(home, config).settings
    entry = settings.models.get(name)
    path = added.path_of(settings.home, "model", name)
    files = [entry.file] if entry and entry.file else [name]
    if entry and entry.file and source_of(name, entry.file) == name:
        files = [name]  # a model with a name of its own may have several
    elif entry and entry.files:
        files = _own_weights(settings, name)
    if path.exists():
        load({"home": settings.home}, config=config, trial={path: None})
        added.remove(path)
        typer.echo(f"Removed from the catalogue: {name}.")
        reload_if_running(settings.home)
        if keep_files or entry is None or _shared(settings, name):
            return
        _delete(files, settings, present=bool(entry))
    else:
        _delete(files, settings, present=bool(entry))
        reload_if_running(settings.home)


def _shared(settings: "Settings", name: str) -> bool:
    """Whether another model has the same file."""
    if (file := settings.models[name].file) is None:
        return False
    return any(m.file == file for other, m in settings.models.items() if other != name)


def _delete(files: list[str], settings: "Settings", *, present: bool) -> None:
    from fondaco.modelfiles import ModelFolder

    folder = ModelFolder(settings.models_folder)
    for file in _shards(files, present=present):
        typer.echo(f"Removed: {folder.remove(file)}")


def _own_weights(settings: "Settings", name: str) -> list[str]:
    """Return the files of a model that are here and that no other one has."""
    others = {
        file.file
        for other, model in settings.models.items()
        if other != name
        for file in model.files.values()
    }
    files = {file.file for file in settings.models[name].files.values()} - others
    return sorted(file for file in files if (settings.models_folder / file).exists())


def _shards(files: list[str], *, present: bool) -> list[str]:
    from fondaco.modelfiles import shards_of

    return [one for file in files for one in shards_of(file)] if present else files
