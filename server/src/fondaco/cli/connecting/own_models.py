"""Models that a command runs itself: found by name, and fetched where the person at the terminal agrees."""

import sys
from typing import TYPE_CHECKING, Literal

import typer

from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.made_files import failed

if TYPE_CHECKING:
    from fondaco.domain.models.model import AnyModel, ModelType
    from fondaco.settings import Settings


NO_SERVER_RUNS = (
    "No server runs on this home folder, so this command runs the model itself, free of charge."
)


def expect_own_model(
    settings: "Settings", name: str, kind: Literal["embedding", "image", "tts", "asr", "video"]
) -> None:
    """Return if a model is here that does the work, and say that no server does, before it takes its time to load.

    Raises:
        FailedError, ModelFileError: as of `own_model`.
    """
    from fondaco.domain.models.model import ModelType

    own_model(settings, name, ModelType(kind))
    typer.echo(NO_SERVER_RUNS, err=True)


def has_own_model(settings: "Settings", name: str, kind: "ModelType") -> bool:
    """Whether a model of the configuration answers to a name."""
    from fondaco.app.without_server.own_api import model_here
    from fondaco.domain.errors import ModelNotFoundError

    try:
        model_here(settings, name, kind)
    except ModelNotFoundError:
        return False
    return True


def own_model(settings: "Settings", name: str, kind: "ModelType") -> "AnyModel":
    """Return the model of the configuration that answers to a name, with its files here.

    Files that are missing are fetched if the person at the terminal says so.

    Raises:
        FailedError: there is no such model, or its files are missing and stay so.
        ModelFileError: they cannot be fetched.
    """
    from fondaco.app.without_server.own_api import model_here
    from fondaco.domain.errors import ModelNotFoundError
    from fondaco.modelfiles import source_of

    try:
        model = model_here(settings, name, kind)
    except ModelNotFoundError as error:
        raise failed(error) from error
    if model.installed or model.offline:
        return model
    file = settings.models[model.id].file
    source = source_of(model.id, file) if file else model.id
    if not (sys.stdin.isatty() and sys.stderr.isatty() and _agreed(model.id)):
        raise FailedError(
            f"The files of the model {model.id!r} are not downloaded. Download them with: fondaco "
            f"models pull {source}",
            Exit.UNREACHABLE,
        )
    from fondaco.cli.models.fetching import fetch_all

    fetch_all(settings, source)
    return model_here(settings, name, kind)


def _agreed(model_id: str) -> bool:
    return typer.confirm(
        f"The files of the model {model_id!r} are not downloaded. Download them now?",
        default=True,
        err=True,
    )
