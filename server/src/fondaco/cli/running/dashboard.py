"""`fondaco dashboard`: log in to the server's pages."""

from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli import completing
from fondaco.cli.admin_store import opened, timestamp
from fondaco.cli.exits import FailedError
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.options import AsJson, Config, Home, configuration
from fondaco.cli.output import print_json

if TYPE_CHECKING:
    from fondaco.settings import Settings

group = CommandGroup(help="Log in to the dashboard.")

_MINUTE_S = 60


@group.command()
def link(
    *,
    account: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Account name; default: the first of server.operators.",
            show_default=False,
            autocompletion=completing.accounts,
        ),
    ] = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Print a link that logs a browser in.

    The link works once, for ten minutes by default (dashboard.link_lifetime_s).
    """
    from fondaco.app.local_server import new_login
    from fondaco.stores.home import Home as HomeFolder

    settings = configuration(home, config).settings
    if not settings.dashboard.enabled:
        raise FailedError(
            "The dashboard is disabled. Enable it in fondaco.toml with: dashboard.enabled = true"
        )
    opened(settings)
    login = new_login(settings, HomeFolder(settings.home), account)
    url, note = _address(settings)
    if as_json:
        print_json(
            {
                "url": None if url is None else login.link(url),
                "path": login.link(""),
                "account": login.account,
                "expiresAt": timestamp(login.expires_at),
            }
        )
        return
    typer.echo(login.link(url or ""))
    lifetime = duration(settings.dashboard.link_lifetime_s)
    typer.echo(f"Valid once, for {lifetime}, for the account {login.account!r}.{note}", err=True)


def duration(seconds: float) -> str:
    """Return a time-out in words.

    >>> duration(600), duration(60), duration(90)
    ('10 minutes', '1 minute', '90 seconds')
    """
    if seconds % _MINUTE_S:
        return f"{seconds:g} seconds"
    minutes = int(seconds // _MINUTE_S)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _address(settings: "Settings") -> tuple[str | None, str]:
    """Return the address of the server where it is known, and what to say of it."""
    from fondaco.hostnames import reachable, url_of
    from fondaco.stores.server_lock import Reloads, running_server

    state, server = running_server(settings.home), settings.server
    if state is not None and state.url:
        return state.url, ""
    if state is not None and state.reloads is Reloads.NEVER:
        return None, (
            " The server runs under another ASGI server, so its address is not known here: put it in front of "
            "the path."
        )
    note = " No server runs here; start it with: fondaco serve" if state is None else ""
    return url_of(reachable(server.host), server.port), note
