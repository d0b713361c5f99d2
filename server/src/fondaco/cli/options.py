"""Options that several commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from fondaco.cli import completing
from fondaco.cli.help.groups import GLOBAL, OUTPUT
from fondaco.domain.plain_text import plain_text

if TYPE_CHECKING:
    from fondaco.configuration import Configuration
    from fondaco.configuration.added import Trial

Home: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Home folder, which holds all state; default: FONDACO_HOME, else "
        "~/.local/share/fondaco.",
        show_default=False,
        rich_help_panel=GLOBAL,
    ),
]
Config: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Configuration file; default: fondaco.toml in the home folder.",
        rich_help_panel=GLOBAL,
    ),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON instead of text.", rich_help_panel=OUTPUT)
]
Force: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Overwrite an existing file.", rich_help_panel=OUTPUT)
]
Wide: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--wide",
        help="Print every column in full, whatever the width of the terminal.",
        rich_help_panel=OUTPUT,
    ),
]
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"

Account: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Account name; default: the oldest account.",
        autocompletion=completing.accounts,
    ),
]


def configuration(
    home: Path | None,
    config: Path | None,
    *,
    trial: "Trial | None" = None,
    **flags: object,
) -> "Configuration":
    """Return the configuration in force.

    Args:
        home: as the command line names it.
        config: likewise.
        trial: files that commands write, as they would be.
        flags: those of `[server]`, by their keys.
    """
    from fondaco.configuration import ConfigurationError, load

    server = {f"server.{key}": value for key, value in flags.items()}
    try:
        return load({"home": home, **server}, config=config, trial=trial)
    except ConfigurationError as error:
        if not all(fault.startswith("flag --") for fault in error.faults):
            raise
        raise typer.BadParameter("\n".join(error.faults)) from None


def plain(text: str, longest: int, *, rule: Callable[[str, int], str] = plain_text) -> str:
    """Return a text that is to be kept and shown, as a rule of `domain.plain_text` has it.

    Raises:
        typer.BadParameter: the rule refuses it.
    """
    try:
        return rule(text, longest)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def expect_variable(name: str) -> None:
    """Refuse a value that is not the name of an environment variable: it may be the key itself.

    Raises:
        typer.BadParameter: it is none; the message does not show it.
    """
    if not re.fullmatch(_VARIABLE, name):
        raise typer.BadParameter(
            "this is not the name of an environment variable. Name the variable that holds the key, "
            "such as VENDOR_API_KEY; Fondaco never stores the key itself.",
            param_hint="--key-env",
        )


def warn(loaded: "Configuration") -> None:
    """Say on stderr which values have no effect."""
    for line in loaded.warnings:
        typer.echo(f"fondaco: warning: {line}", err=True)
