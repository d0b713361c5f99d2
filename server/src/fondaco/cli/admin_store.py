"""Opens the admin store for the commands about accounts, keys and money."""

from typing import TYPE_CHECKING

import typer

from fondaco.cli.exits import Exit, FailedError
from fondaco.domain.money.account import FIRST_ACCOUNT
from fondaco.domain.timestamps import utc

if TYPE_CHECKING:
    from fondaco.settings import Settings
    from fondaco.stores.sqlite.accounts.account_rows import Statement
    from fondaco.stores.sqlite.accounts.admin_store import AdminStore


def opened(settings: "Settings", *, create: bool = False) -> "AdminStore":
    """Open the admin store of a home; only with `create` are the folder and its database made.

    Raises:
        StoreError: the home or its database cannot be used.
        FailedError: there is none, and none is to be made.
    """
    from fondaco.stores.home import Home
    from fondaco.stores.sqlite.accounts.admin_store import AdminStore
    from fondaco.stores.sqlite.tables.migrate import upgrade
    from fondaco.system import SystemClock

    if not create and not Home.database_in(settings.home).exists():
        raise FailedError(
            f"The home folder {str(settings.home)!r} has no database: no server has run there yet. Name "
            "another folder with --home, or create an account and key here with: fondaco keys create",
            Exit.HOME,
        )
    home = Home(settings.home)
    upgrade(home.database)
    return AdminStore(home.database, home.pepper, SystemClock())


def chosen(admin_store: "AdminStore", name: str | None) -> "Statement":
    """Return the account of a name, or the oldest where there is no name.

    Raises:
        UnknownNameError: there is none of this name.
        FailedError: there is none at all.
    """
    if name is not None:
        return admin_store.account(name)
    statements = admin_store.accounts()
    if not statements:
        raise FailedError(
            "No accounts yet. Create one with: fondaco accounts create NAME", Exit.UNKNOWN
        )
    return min(statements, key=lambda statement: statement.account.id)


def chosen_or_first(
    admin_store: "AdminStore", name: str | None, settings: "Settings"
) -> "Statement":
    """Return an account as `chosen` does; where there is none at all, make the first one."""
    from fondaco.domain.money.money import nano

    if name is None and not admin_store.accounts():
        return admin_store.open_account(
            FIRST_ACCOUNT,
            usd=nano(settings.ledger.first_account_usd),
            diem_allocation=nano(settings.ledger.first_account_diem),
        )
    return chosen(admin_store, name)


def amount(text: str) -> int:
    """Return the nano-units of an amount on the command line.

    Raises:
        typer.BadParameter: it is none.
    """
    from fondaco.domain.money.money import nano

    try:
        return nano(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def expect_tier(name: str, settings: "Settings") -> None:
    """Refuse a tier that the configuration does not have.

    Raises:
        typer.BadParameter: it has others.
    """
    from fondaco.domain.money.limits import known_tier

    try:
        known_tier(name, settings.tiers)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def timestamp(unix_s: float | None) -> str | None:
    """Return a time as the API writes it.

    >>> timestamp(0)
    '1970-01-01T00:00:00Z'
    """
    if unix_s is None:
        return None
    return utc(unix_s).isoformat(timespec="seconds").replace("+00:00", "Z")
