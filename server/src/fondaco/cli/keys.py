"""`fondaco keys`: the secrets that programs call with."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from fondaco.cli.books import chosen_or_first, moment, opened
from fondaco.cli.options import Account, AsJson, Config, Home, configuration
from fondaco.cli.output import Row, print_row, print_rows
from fondaco.domain.account import Key, KeyType

group = typer.Typer(no_args_is_help=True, help="Make, see and revoke API keys.")


@group.command()
def create(
    *,
    key_type: Annotated[
        KeyType,
        typer.Option("--type", metavar="ADMIN|INFERENCE", case_sensitive=False, help="Its rights."),
    ] = KeyType.INFERENCE,
    description: Annotated[str, typer.Option(metavar="TEXT", help="What it is for.")] = "",
    expires_at: Annotated[
        datetime | None, typer.Option(metavar="TIME", help="When it ends, in UTC: 2027-01-31.")
    ] = None,
    account: Account = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make a key; its secret is shown this once. Without any account, the first one is made."""
    settings = configuration(home, config).settings
    end = None if expires_at is None else expires_at.replace(tzinfo=UTC).timestamp()
    with opened(settings) as books:
        owner = chosen_or_first(books, account, settings).account
        made = books.make_key(owner.name, key_type, description, expires_at=end)
    print_row({"apiKey": made.secret, **_row(made.key, owner.name)}, as_json=as_json)


@group.command("list")
def list_keys(
    *,
    account: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the keys of this account.")
    ] = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """List keys, revoked ones included; never their secrets."""
    with opened(configuration(home, config).settings) as books:
        names = {statement.account.id: statement.account.name for statement in books.accounts()}
        keys = books.keys(account)
    print_rows(
        [_row(one.key, names[one.key.account_id]) for one in keys],
        as_json=as_json,
        empty="There is no key yet. Make one with: fondaco keys create",
    )


@group.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The id that the list shows.")],
    *,
    home: Home = None,
    config: Config = None,
) -> None:
    """End a key for good; a running server refuses it within a second."""
    with opened(configuration(home, config).settings) as books:
        key = books.revoke(key_id)
    typer.echo(f"Revoked: the key that ends in {key.last6}")


def _row(key: Key, account: str) -> Row:
    return {
        "id": key.id,
        "account": account,
        "apiKeyType": key.type.value,
        "description": key.description,
        "last6Chars": key.last6,
        "createdAt": moment(key.created_at),
        "expiresAt": moment(key.expires_at),
        "revoked": key.revoked,
    }
