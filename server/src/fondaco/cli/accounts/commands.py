"""`fondaco accounts`: create, list, change and disable accounts."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli import completing
from fondaco.cli.admin_store import amount, expect_tier, opened, timestamp
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.options import AsJson, Config, Home, Wide, configuration, plain
from fondaco.cli.output import Row, Table, print_row, print_rows
from fondaco.domain.money.account import LONGEST_ACCOUNT_NAME
from fondaco.domain.plain_text import plain_name

if TYPE_CHECKING:
    from fondaco.stores.sqlite.accounts.account_rows import Statement

group = CommandGroup(help="Create, list and change accounts.")

_TABLE = Table(
    "No accounts yet. Create one with: fondaco accounts create NAME",
    optional=("createdAt", "diemAllocation", "tier", "diem"),
)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="Account name.", autocompletion=completing.accounts),
]


@group.command()
def create(
    name: Name,
    *,
    usd: Annotated[str, typer.Option(metavar="USD", help="Initial balance.")] = "0",
    diem: Annotated[str, typer.Option(metavar="DIEM", help="DIEM allocation per day (UTC).")] = "0",
    tier: Annotated[
        str, typer.Option(metavar="TIER", help="Tier, which sets the account's rate limits.")
    ] = "paid",
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Create an account.

    Also prints the commands that give its owner a key, a login to the dashboard and, if it has none, funds.
    """
    settings = configuration(home, config).settings
    expect_tier(tier, settings)
    plain(name, LONGEST_ACCOUNT_NAME, rule=plain_name)
    dollars, allocation = amount(usd), amount(diem)
    admin_store = opened(settings, create=True)
    statement = admin_store.open_account(name, usd=dollars, diem_allocation=allocation, tier=tier)
    print_row(row(statement), as_json=as_json)
    if not as_json:
        needs_funds = settings.tiers[tier].charged and not dollars and not allocation
        _say_what_is_next(
            name, home, config, dashboard=settings.dashboard.enabled, needs_funds=needs_funds
        )


def _say_what_is_next(
    name: str, home: Path | None, config: Path | None, *, dashboard: bool, needs_funds: bool
) -> None:
    """Print the commands that give a new person a key, a login and funds, as they can be typed."""
    same = [("--account", name), ("--home", home), ("--config", config)]
    given = [word for option, value in same if value is not None for word in (option, str(value))]
    typer.echo("\nNext, an API key, which is shown once:", err=True)
    typer.echo(f"  {shlex.join(['fondaco', 'keys', 'create', *given])}", err=True)
    if dashboard:
        typer.echo("A link that logs in to the dashboard once:", err=True)
        typer.echo(f"  {shlex.join(['fondaco', 'dashboard', 'link', *given])}", err=True)
    if needs_funds:
        typer.echo("Funds, as its balance is 0 and calls are charged:", err=True)
        typer.echo(
            f"  {shlex.join(['fondaco', 'balance', 'grant', *given, '--usd', '10'])}", err=True
        )


@group.command()
def change(
    name: Name,
    *,
    tier: Annotated[
        str, typer.Option(metavar="TIER", help="Tier, which sets the account's rate limits.")
    ],
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Change the tier of an account.

    A running server applies the change within a second.
    """
    settings = configuration(home, config).settings
    expect_tier(tier, settings)
    admin_store = opened(settings)
    changed = admin_store.change_account(name, tier=tier)
    print_row(row(changed), as_json=as_json)


@group.command()
def disable(
    name: Name, *, home: Home = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Disable an account and its keys.

    A running server applies the change within a second.
    """
    admin_store = opened(configuration(home, config).settings)
    changed = admin_store.change_account(name, disabled=True)
    print_row(row(changed), as_json=as_json)


@group.command()
def enable(
    name: Name, *, home: Home = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Enable a disabled account and its keys."""
    admin_store = opened(configuration(home, config).settings)
    changed = admin_store.change_account(name, disabled=False)
    print_row(row(changed), as_json=as_json)


@group.command("list")
def list_accounts(
    *, home: Home = None, config: Config = None, as_json: AsJson = False, wide: Wide = False
) -> None:
    """List accounts and their balances."""
    admin_store = opened(configuration(home, config).settings)
    statements = admin_store.accounts()
    print_rows([row(statement) for statement in statements], _TABLE, as_json=as_json, wide=wide)


@group.command()
def show(name: Name, *, home: Home = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show the details of an account."""
    admin_store = opened(configuration(home, config).settings)
    statement = admin_store.account(name)
    print_row(row(statement), as_json=as_json)


def row(statement: "Statement") -> Row:
    """Return an account as its commands show it."""
    from fondaco.domain.money.money import decimal

    account = statement.account
    return {
        "name": account.name,
        "usd": decimal(statement.balance.usd),
        "diem": decimal(statement.balance.diem),
        "diemAllocation": decimal(account.diem_allocation),
        "tier": account.tier,
        "disabled": account.disabled,
        "createdAt": timestamp(statement.created_at),
    }
