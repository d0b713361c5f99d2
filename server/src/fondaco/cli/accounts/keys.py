"""`fondaco keys`: create, list and revoke API keys."""

from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli import completing
from fondaco.cli.admin_store import amount, chosen_or_first, opened, timestamp
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.options import Account, AsJson, Config, Home, Wide, configuration, plain
from fondaco.cli.output import Row, Table, print_row, print_rows
from fondaco.domain.money.account import ConsumptionLimit, Key, KeyType
from fondaco.domain.money.money import Funds, decimal
from fondaco.domain.timestamps import unix_seconds

if TYPE_CHECKING:
    from fondaco.ports import KeyReport
    from fondaco.stores.sqlite.accounts.admin_store import AdminStore

group = CommandGroup(help="Create, list, change and revoke API keys.")

_TABLE = Table(
    "No keys yet. Create one with: fondaco keys create",
    optional=(
        *("createdAt", "limitDiem", "limitUsd", "sevenDaysDiem", "sevenDaysUsd", "lastUsedAt"),
        *("account", "expiresAt", "apiKeyType", "last6Chars"),
    ),
    flexible="description",
    headings={"apiKeyType": "type", "last6Chars": "last6"},
)

LONGEST_DESCRIPTION = 256
"""As in the API."""

KeyId = Annotated[str, typer.Argument(metavar="ID", help="Id, as listed.")]


@group.command()
def create(
    *,
    key_type: Annotated[
        KeyType,
        typer.Option("--type", metavar="ADMIN|INFERENCE", case_sensitive=False, help="Key type."),
    ] = KeyType.INFERENCE,
    description: Annotated[str, typer.Option(metavar="TEXT", help="Description of the key.")] = "",
    expires_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Expiry date or time (UTC), such as 2027-01-31."),
    ] = None,
    limit_usd: Annotated[
        str | None, typer.Option(metavar="USD", help="Spending limit per day (UTC).")
    ] = None,
    limit_diem: Annotated[
        str | None, typer.Option(metavar="DIEM", help="Spending limit per day (UTC).")
    ] = None,
    account: Account = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Create an API key and print it once.

    If the home folder has no account yet, the first one is created.
    """
    settings = configuration(home, config).settings
    plain(description, LONGEST_DESCRIPTION)
    end = None if expires_at is None else _end(expires_at)
    limit = ConsumptionLimit(
        usd=None if limit_usd is None else _limit(limit_usd),
        diem=None if limit_diem is None else _limit(limit_diem),
    )
    admin_store = opened(settings, create=account is None)
    owner = chosen_or_first(admin_store, account, settings).account
    new_key = admin_store.make_key(owner.name, key_type, description, expires_at=end, limit=limit)
    print_row({"apiKey": new_key.secret, **_row(new_key.key, owner.name, Funds())}, as_json=as_json)


@group.command("list")
def list_keys(
    *,
    account: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="List the keys of this account only.",
            autocompletion=completing.accounts,
        ),
    ] = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    wide: Wide = False,
) -> None:
    """List keys with their limits, last use and charges.

    Revoked keys are included; secrets are never shown.
    """
    admin_store = opened(configuration(home, config).settings)
    names = _names(admin_store)
    reports = admin_store.keys(account)
    rows = [_row(one.key, names[one.key.account_id], one.spent) for one in reports]
    print_rows(rows, _TABLE, as_json=as_json, wide=wide)


@group.command()
def show(
    key_id: KeyId, *, home: Home = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Show the details of a key, without its secret."""
    admin_store = opened(configuration(home, config).settings)
    _print(admin_store, admin_store.key(key_id), as_json=as_json)


@group.command()
def change(
    key_id: KeyId,
    *,
    description: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Description of the key.")
    ] = None,
    expires_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME|never",
            help="Expiry date or time (UTC), such as 2027-01-31; never removes it.",
        ),
    ] = None,
    limit_usd: Annotated[
        str | None,
        typer.Option(metavar="USD|none", help="Spending limit per day (UTC); none removes it."),
    ] = None,
    limit_diem: Annotated[
        str | None,
        typer.Option(metavar="DIEM|none", help="Spending limit per day (UTC); none removes it."),
    ] = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Change the description, expiry or limits of a key.

    A running server applies the change within a second.
    """
    from fondaco.serving.access.api_keys import UNCHANGED, Change, LimitChange

    change = Change(
        description=UNCHANGED if description is None else plain(description, LONGEST_DESCRIPTION),
        expires_at=UNCHANGED if expires_at is None else _end(expires_at),
        limit=LimitChange(
            usd=UNCHANGED if limit_usd is None else _limit(limit_usd),
            diem=UNCHANGED if limit_diem is None else _limit(limit_diem),
        ),
    )
    if change == Change():
        raise typer.BadParameter(
            "Nothing to change. Give at least one option, such as --limit-usd 5."
        )
    admin_store = opened(configuration(home, config).settings)
    _print(admin_store, admin_store.change_key(key_id, change.of), as_json=as_json)


@group.command()
def revoke(
    key_id: KeyId,
    *,
    home: Home = None,
    config: Config = None,
) -> None:
    """Revoke a key permanently.

    A running server rejects the key within a second.
    """
    admin_store = opened(configuration(home, config).settings)
    key = admin_store.revoke(key_id)
    typer.echo(f"Revoked: key ending in {key.last6}")


@group.command("revoke-all")
def revoke_all(*, home: Home = None, config: Config = None) -> None:
    """Revoke every key of every account permanently.

    Use it when the pepper is lost or has leaked.
    """
    admin_store = opened(configuration(home, config).settings)
    count = admin_store.revoke_all()
    typer.echo(f"Revoked: {count} keys")


def _limit(text: str) -> int | None:
    return None if text == "none" else amount(text)


def _end(text: str) -> float | None:
    """Return Unix seconds; a time without a zone is in UTC.

    Raises:
        typer.BadParameter: there is no such time, or it has passed.
    """
    from fondaco.system import SystemClock

    if text == "never":
        return None
    try:
        end_s = unix_seconds(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a valid expiry: {error}.") from None
    if end_s <= SystemClock().now():
        raise typer.BadParameter(f"{text!r} is in the past. Give a time in the future.")
    return end_s


def _names(admin_store: "AdminStore") -> dict[int, str]:
    return {statement.account.id: statement.account.name for statement in admin_store.accounts()}


def _print(admin_store: "AdminStore", report: "KeyReport", *, as_json: bool) -> None:
    owner = _names(admin_store)[report.key.account_id]
    print_row(_row(report.key, owner, report.spent), as_json=as_json)


def _row(key: Key, account: str, spent: Funds) -> Row:
    limit = key.limit
    return {
        "id": key.id,
        "account": account,
        "apiKeyType": key.type.value,
        "description": key.description,
        "last6Chars": key.last6,
        "createdAt": timestamp(key.created_at),
        "expiresAt": timestamp(key.expires_at),
        "lastUsedAt": timestamp(key.used_at),
        "limitUsd": None if limit.usd is None else decimal(limit.usd),
        "limitDiem": None if limit.diem is None else decimal(limit.diem),
        "sevenDaysUsd": decimal(spent.usd),
        "sevenDaysDiem": decimal(spent.diem),
        "revoked": key.revoked,
    }
