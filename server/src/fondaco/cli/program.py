"""The program: its command groups, and how its errors reach a person."""

from typing import Annotated

import typer

from fondaco import __version__
from fondaco.cli import config
from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.serve import serve

program = typer.Typer(
    name="fondaco",
    help="A private AI inference platform that anyone can run.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
program.command()(serve)
program.add_typer(config.group, name="config")


def run() -> None:
    """Run the command line; whatever a person can put right is one line, not a traceback."""
    from fondaco.settings import ConfigurationError

    try:
        program()
    except ConfigurationError as error:
        _end(Exit.CONFIGURATION, *error.faults)
    except FailedError as error:
        _end(error.exit_code, str(error))
    except KeyboardInterrupt:
        _end(Exit.FAILED, "Interrupted.")


@program.callback()
def _options(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"fondaco {__version__}")
        raise typer.Exit


def _end(code: Exit, *lines: str) -> None:
    for line in lines:
        typer.echo(f"fondaco: {line}", err=True)
    raise SystemExit(code)
