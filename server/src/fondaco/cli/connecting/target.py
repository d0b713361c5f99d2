"""The server that a command talks to: a flag's, the environment's, that of the home, or none."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias
from urllib.parse import urlsplit

import typer

from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.help.groups import SERVER
from fondaco.cli.options import configuration
from fondaco.environment import ConfigurationError, environment, secret

if TYPE_CHECKING:
    from fondaco.settings import Settings

Url: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Base URL of an OpenAI-compatible API; default: VENICE_BASE_URL, else OPENAI_BASE_URL, "
        "else the server that runs on the home folder.",
        show_default=False,
        rich_help_panel=SERVER,
    ),
]
KeyOfUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY",
        help="API key for --url: env:NAME, file:PATH, or the key itself, which other users can see in the "
        "process list.",
        rich_help_panel=SERVER,
    ),
]
_API_PATH = "/api/v1"
_VARIABLES = (("VENICE_BASE_URL", "VENICE_API_KEY"), ("OPENAI_BASE_URL", "OPENAI_API_KEY"))
"""Base URL and key, the first pair before the second."""


@dataclass(frozen=True, slots=True)
class ServerTarget:
    """A server, as requests reach it."""

    url: str
    """The base URL of its API."""
    key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class NoServer:
    """No server: the command runs the models of its configuration itself."""

    settings: "Settings"


def no_server(target: NoServer) -> FailedError:
    """Return the error of a command that needs a server."""
    return FailedError(
        f"No server runs on the home folder {str(target.settings.home)!r}. Start one with: fondaco serve",
        Exit.NO_SERVER,
    )


@contextmanager
def chosen_target(
    url: str | None, key: str | None, home: Path | None, config: Path | None
) -> Generator[ServerTarget | NoServer]:
    """Choose the server that a command talks to in this context.

    A key alone names no server: a shell that holds OPENAI_API_KEY for other programs sends nothing anywhere.
    A key goes to the URL that it was given with, and to no other.

    Raises:
        typer.BadParameter: the URL is none, or there is a key without one.
        ConfigurationError: the key cannot be read, or the configuration is invalid.
        StoreError: the home of the server that runs there cannot be used.
    """
    if url is None and key is not None:
        raise typer.BadParameter("--key needs --url, the server that the key is for.")
    named = _of_environment() if url is None else ServerTarget(base_url(url), _key(key))
    if named is not None:
        yield named
        return
    with server_of(configuration(home, config).settings) as found:
        yield found


@contextmanager
def server_of(settings: "Settings") -> Generator[ServerTarget | NoServer]:
    """Reach the server that runs on a home, without a key; its session ends with the context.

    Raises:
        StoreError: the home cannot be used.
    """
    from fondaco.app.local_server import local_server

    with local_server(settings) as found:
        if found is None:
            yield NoServer(settings)
        else:
            yield ServerTarget(f"{found.url}{_API_PATH}", headers=found.headers)


def _of_environment() -> ServerTarget | None:
    environ = environment()
    for url_variable, key_variable in _VARIABLES:
        if url := environ.get(url_variable):
            return ServerTarget(base_url(url, url_variable), environ.get(key_variable, ""))
    return None


def base_url(url: str, origin: str = "--url") -> str:
    """Return a base URL; one without a path gets that of Fondaco's API.

    Raises:
        typer.BadParameter: it is no address that a client could use.

    >>> base_url("http://127.0.0.1:8000"), base_url("https://gpu.example/v1/")
    ('http://127.0.0.1:8000/api/v1', 'https://gpu.example/v1')
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable():
        raise typer.BadParameter(
            f"{url!r} is not a base URL such as http://127.0.0.1:8000/api/v1.", param_hint=origin
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise typer.BadParameter(
            "The URL contains credentials, a query or a fragment. Give the base URL only, and the key "
            "with --key.",
            param_hint=origin,
        )
    return url.rstrip("/") if parts.path.strip("/") else f"{url.rstrip('/')}{_API_PATH}"


def _key(given: str | None) -> str:
    if given is None:
        return ""
    if given.startswith(("env:", "file:")):
        return secret(given)
    if not given.isascii() or not given.isprintable():
        raise ConfigurationError("The key of --key has characters that no header can carry.")
    return given
