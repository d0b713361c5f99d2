"""`fondaco balance`: show and grant balances."""

from typing import Annotated

import typer

from fondaco.cli.accounts.commands import row
from fondaco.cli.admin_store import amount, chosen, opened
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.options import Account, AsJson, Config, Home, configuration, plain
from fondaco.cli.output import print_row
from fondaco.domain.money.account import LONGEST_GRANT_NOTES

group = CommandGroup(help="Show balances and grant funds.")


@group.command()
def grant(
    *,
    usd: Annotated[
        str | None, typer.Option(metavar="USD", help="Amount to add.", show_default=False)
    ] = None,
    diem: Annotated[
        str | None,
        typer.Option(metavar="DIEM", help="New DIEM allocation per day (UTC)."),
    ] = None,
    notes: Annotated[str, typer.Option(metavar="TEXT", help="Reason, stored in the ledger.")] = "",
    account: Account = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Add USD to a balance, or set the daily DIEM allocation."""
    if usd is None and diem is None:
        raise typer.BadParameter("Nothing to grant. Give --usd, --diem or both.")
    plain(notes, LONGEST_GRANT_NOTES)
    dollars, allocation = amount(usd or "0"), amount(diem or "0")
    admin_store = opened(configuration(home, config).settings)
    statement = chosen(admin_store, account)
    name = statement.account.name
    if dollars:
        statement = admin_store.grant(name, dollars, notes)
    if diem is not None:
        statement = admin_store.allocate(name, allocation)
    print_row(row(statement), as_json=as_json)


@group.command()
def show(
    *, account: Account = None, home: Home = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Show the balances of an account."""
    admin_store = opened(configuration(home, config).settings)
    statement = chosen(admin_store, account)
    print_row(row(statement), as_json=as_json)
