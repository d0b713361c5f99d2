"""The server that a command talks to: a flag's, the environment's, that of the home, or none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias
from urllib.parse import urlsplit

import typer

from fondaco.cli.options import configuration
from fondaco.environment import ConfigurationError, environment, secret

if TYPE_CHECKING:
    from fondaco.settings import Settings

Url: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Base URL of an OpenAI-compatible API. Default: VENICE_BASE_URL, OPENAI_BASE_URL, the server of "
        "the home folder; without one the command runs the model itself.",
        show_default=False,
    ),
]
KeyOfUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY",
        help="API key for --url: the key itself, or env:NAME or file:PATH, which other users of this machine "
        "cannot read in the list of processes.",
        show_default=False,
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
    origin: str = "--url"
    """The source of the address."""


@dataclass(frozen=True, slots=True)
class NoServer:
    """No server: the command runs the models of its configuration itself."""

    settings: "Settings"


def target_of(
    url: str | None, key: str | None, home: Path | None, config: Path | None
) -> ServerTarget | NoServer:
    """Return the server that a command talks to.

    A key alone names no server: a shell that holds OPENAI_API_KEY for other programs sends nothing anywhere.
    A key goes to the URL that it was given with, and to no other.

    Raises:
        typer.BadParameter: the URL is none, or there is a key without one.
        ConfigurationError: the key cannot be read, or the configuration is invalid.
    """
    if url is not None:
        return ServerTarget(base_url(url), _key(key))
    if key is not None:
        raise typer.BadParameter("--key needs --url: a key belongs to a server.")
    environ = environment()
    for url_variable, key_variable in _VARIABLES:
        if named := environ.get(url_variable):
            return ServerTarget(
                base_url(named, url_variable), environ.get(key_variable, ""), origin=url_variable
            )
    return server_of(configuration(home, config).settings)


def server_of(settings: "Settings") -> ServerTarget | NoServer:
    """Return the server that runs on a home, if one does."""
    return NoServer(settings)


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
            f"{url!r} is no URL such as http://127.0.0.1:8000/api/v1.", param_hint=origin
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise typer.BadParameter(
            "The URL has credentials, a query or a fragment. Give the base URL alone, and the key with --key.",
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
