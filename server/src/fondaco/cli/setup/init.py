"""`fondaco init`: three questions, and a commented configuration file."""

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from fondaco.cli.exits import FailedError
from fondaco.cli.options import Home

if TYPE_CHECKING:
    from fondaco.stores.server_lock import ServerState

_PORT = "8000"
_FILE = """\
# Configuration of Fondaco. Every setting has a default; `fondaco config show` prints all of them, and
# docs/reference/settings.md explains them. After a change: fondaco config check, then: fondaco reload

# Folder of model files. They are large, can be downloaded again, and need no backup.
# models_folder = "/srv/models"

[server]
# Port on this machine. Keep the address on loopback; a proxy with TLS reaches it there.
host = "127.0.0.1"
port = {port}
{public}
# Log each response: method, route, status, time, size. Contents are never logged.
# access_log = true

[ledger]
# Balance of the first account, when the first start creates it.
# first_account_usd = 100

{engine}"""

_PUBLIC = """
# Host name under which others reach the server, through a proxy on this machine.
allowed_hosts = [{host}]
trusted_proxies = ["127.0.0.1"]
"""
_LOCAL = """
# Host names under which others reach the server, through a proxy; localhost always works.
# allowed_hosts = ["ai.example.com"]
# trusted_proxies = ["127.0.0.1"]
"""
_ENGINE = """\
# An engine that runs already. Its models are found by themselves.
[engines.upstream]
base_url = {url}
discover = true
# key = "env:VENDOR_API_KEY"
"""
_NO_ENGINE = """\
# An engine that runs already, such as Ollama, vLLM or llama-server. Its models are found by themselves.
# [engines.upstream]
# base_url = "http://127.0.0.1:11434/v1"
# discover = true
# key = "env:VENDOR_API_KEY"
"""


def init(
    *,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Write the defaults without asking.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    home: Home = None,
) -> None:
    """Create a commented fondaco.toml in the home folder.

    Asks for the port, the public host name and an existing engine; without a terminal, writes the defaults.
    `fondaco config init` writes a file with every setting instead.
    """
    from fondaco.configuration import home_folder
    from fondaco.private_files import replace_whole
    from fondaco.stores.server_lock import running_server

    asks = not yes and sys.stdin.isatty()
    folder = home_folder(home)
    path = folder / "fondaco.toml"
    if path.exists() and not force:
        if not asks:
            raise FailedError(f"{path} already exists. Overwrite it with --force.")
        if not typer.confirm(f"{path} already exists. Overwrite it?"):
            raise FailedError("Nothing was changed.")
    running = running_server(folder)
    port = _port_of(running)
    text = _asked(folder, port) if asks else _text(port, "", "")
    if fault := _fault(text, folder):
        raise FailedError(f"The file would be invalid: {fault}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_whole(path, text.encode())
    except OSError as error:
        raise FailedError(f"{path} cannot be written: {error.strerror}.") from error
    typer.echo(f"Written: {path}")
    typer.echo("Next: fondaco serve" if running is None else "Next: fondaco reload")


def _port_of(running: "ServerState | None") -> str:
    """Return the port of the server that runs on the home folder, or the default."""
    port = None if running is None else urlsplit(running.url).port
    return _PORT if port is None else str(port)


def _asked(folder: Path, default_port: str) -> str:
    port = _answer("Port", default_port, lambda answer: _fault(_text(answer, "", ""), folder))
    host = _answer(
        "Public host name, if a proxy on this machine serves other machines (empty: none)",
        "",
        lambda answer: _fault(_text(port, answer, ""), folder),
    )
    url = _answer(
        "Base URL of an existing engine, such as http://127.0.0.1:11434/v1 (empty: none)",
        "",
        lambda answer: _fault(_text(port, host, answer), folder),
    )
    return _text(port, host, url)


def _answer(question: str, default: str, fault_of: Callable[[str], str]) -> str:
    """Ask until the answer can be used."""
    while True:
        answer = str(typer.prompt(question, default=default, show_default=bool(default))).strip()
        if not (fault := fault_of(answer)):
            return answer
        typer.echo(f"  {fault}", err=True)


def _text(port: str, host: str, url: str) -> str:
    from fondaco.configuration.writing import literal

    return _FILE.format(
        port=port if port.isascii() and port.isdigit() else literal(port),
        public=_PUBLIC.format(host=literal(host)) if host else _LOCAL,
        engine=_ENGINE.format(url=literal(url)) if url else _NO_ENGINE,
    )


def _fault(text: str, home: Path) -> str:
    """Return why a configuration cannot be used; empty if it can."""
    from fondaco.configuration import ConfigurationError, load

    with TemporaryDirectory() as folder:
        draft = Path(folder, "fondaco.toml")
        draft.write_text(text, encoding="utf-8")
        try:
            load({"home": home}, config=draft, environ={})
        except ConfigurationError as error:
            return error.faults[0].replace(f"file {draft}: ", "")
    return ""
