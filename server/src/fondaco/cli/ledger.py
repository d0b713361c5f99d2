"""`fondaco ledger`: whether the books add up."""

import typer

from fondaco.cli.books import opened
from fondaco.cli.exits import Exit
from fondaco.cli.options import AsJson, Config, Home, configuration
from fondaco.cli.output import print_json

group = typer.Typer(no_args_is_help=True, help="Check the ledger.")


@group.callback()
def _ledger() -> None:
    """Keep `verify` a command of its own although it is the only one."""


@group.command()
def verify(*, home: Home = None, config: Config = None, as_json: AsJson = False) -> None:
    """Recompute every balance from the entries; exit code 7 where one is wrong."""
    with opened(configuration(home, config).settings) as books:
        findings = books.verify()
    if as_json:
        print_json({"sound": not findings, "findings": findings})
    else:
        for line in findings or ["The ledger adds up."]:
            typer.echo(line)
    if findings:
        raise typer.Exit(Exit.UNSOUND)
