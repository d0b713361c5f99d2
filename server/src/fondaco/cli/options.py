"""Options that commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from fondaco.configuration import Configuration

Home: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="The folder where all state lies.", show_default=False),
]
Config: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Read this file, not fondaco.toml in the home folder."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Account: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The account; without it, the first one."),
]


def configuration(home: Path | None, config: Path | None, **flags: object) -> "Configuration":
    """Return the configuration in force; `flags` are those of `[server]`, by their keys."""
    from fondaco.configuration import load

    server = {f"server.{key}": value for key, value in flags.items()}
    return load({"home": home, **server}, config=config)


def warn(loaded: "Configuration") -> None:
    """Say on stderr which values have no effect."""
    for line in loaded.warnings:
        typer.echo(f"fondaco: warning: {line}", err=True)
