"""`fondaco service`: run the server under systemd."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.options import AsJson, Config, Home, configuration
from fondaco.cli.output import print_row
from fondaco.cli.setup.unit import ServerUnit

if TYPE_CHECKING:
    from fondaco.configuration import Configuration

group = CommandGroup(help="Run the server under systemd.")

_NAME = "fondaco.service"
_RUNNING = Path("/run/systemd/system")
"""Exists where systemd is the init system. Source: sd_booted(3)."""
_SYSTEM = Path("/etc/systemd/system")
_MACHINE = Path("/var/lib/fondaco"), Path("/var/cache/fondaco/models")
"""Home folder and models folder of a service that runs as a user of its own."""
_TIMEOUT_S = 90

System = Annotated[
    bool | None,
    typer.Option(
        "--system/--user",
        help="Use a system service, which needs root, or a user service; default: --system for root, "
        "else --user.",
        show_default=False,
    ),
]


@group.command()
def install(
    *,
    system: System = None,
    run_as: Annotated[
        str | None,
        typer.Option(
            metavar="USER",
            help="User that runs a system service; default: the owner of the home folder.",
        ),
    ] = None,
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the unit without installing it.")
    ] = False,
    start: Annotated[
        bool,
        typer.Option(
            "--start/--no-start", help="Start the server now and at boot; default: --start."
        ),
    ] = True,
    home: Home = None,
    config: Config = None,
) -> None:
    """Install a systemd unit and start the server.

    The unit runs this installation with the given home folder and models folder. An existing unit is replaced. The
    server logs to the journal, including the first API key.
    """
    is_system = _is_system(system)
    configured = configuration(home, config)
    user = _user(run_as, configured.settings.home) if is_system else None
    folders = _folders(configured, user)
    service = ServerUnit(*folders, config.absolute() if config else None, user)
    if only_print:
        typer.echo(service.unit, nl=False)
        return
    _expect_systemd()
    path = _path(is_system=is_system)
    for folder in folders:
        _make(folder, user)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(service.unit, encoding="utf-8")
    except OSError as error:
        raise FailedError(
            f"{path} cannot be written: {error.strerror}. Run the command as root, or install with "
            "--user."
        ) from error
    typer.echo(f"Written: {path}")
    _run(is_system, "daemon-reload")
    if start:
        _run(is_system, "enable", _NAME)
        _run(is_system, "restart", _NAME)
    journal = "journalctl --unit fondaco" if is_system else "journalctl --user --unit fondaco"
    typer.echo(f"Show the log, including the first API key: {journal}")
    if not is_system:
        typer.echo("Keep it running after you log out: loginctl enable-linger")


@group.command()
def uninstall(*, system: System = None) -> None:
    """Stop the server and delete the unit.

    The home folder is kept.
    """
    is_system = _is_system(system)
    path = _path(is_system=is_system)
    if not path.exists():
        raise FailedError(f"No service is installed: {path} does not exist.", Exit.UNKNOWN)
    _expect_systemd()
    _run(is_system, "disable", "--now", _NAME)
    try:
        path.unlink()
    except OSError as error:
        raise FailedError(f"{path} cannot be deleted: {error.strerror}.") from error
    typer.echo(f"Deleted: {path}")
    _run(is_system, "daemon-reload")


@group.command()
def status(*, system: System = None, as_json: AsJson = False) -> None:
    """Show whether the service is installed and running.

    Exit code 1 if it is not running.
    """
    is_system = _is_system(system)
    path = _path(is_system=is_system)
    is_installed = path.exists()
    active = _answer(is_system, "is-active") if is_installed else None
    row = {
        "unit": str(path),
        "installed": is_installed,
        "startsAtBoot": _answer(is_system, "is-enabled") == "enabled" if is_installed else False,
        "state": active,
    }
    print_row(row, as_json=as_json)
    if active != "active":
        raise typer.Exit(Exit.FAILED)


def _is_system(system: bool | None) -> bool:  # noqa: FBT001 (an option)
    return os.geteuid() == 0 if system is None else system


def _path(*, is_system: bool) -> Path:
    from fondaco.environment import environment

    if is_system:
        return _SYSTEM / _NAME
    folder = environment().get("XDG_CONFIG_HOME")
    return (Path(folder) if folder else Path.home() / ".config") / "systemd" / "user" / _NAME


def _user(name: str | None, home: Path) -> str:
    """Return the user that a service of the machine runs as.

    Raises:
        FailedError: there is no such user.
    """
    if name is None:
        there = next(one for one in (home, *home.parents) if one.exists())
        name = pwd.getpwuid(there.stat().st_uid).pw_name
    try:
        pwd.getpwnam(name)
    except KeyError:
        raise FailedError(
            f"Unknown user {name!r}. Create it with: useradd --system {name}", Exit.USAGE
        ) from None
    return name


def _folders(configured: "Configuration", user: str | None) -> tuple[Path, Path]:
    """Return the home folder and the models folder of a service.

    By default they are in the home directory of whoever runs the command, which no other user may read.
    """
    from fondaco.configuration.layers import DEFAULT

    chosen = configured.settings.home, configured.settings.models_folder
    if user is None or pwd.getpwnam(user).pw_uid == os.geteuid():
        return chosen
    home, models = (
        machine if configured.origin((name,)) == DEFAULT else folder
        for name, folder, machine in zip(("home", "models_folder"), chosen, _MACHINE, strict=True)
    )
    return home, models


def _make(folder: Path, user: str | None) -> None:
    """Create a folder that the unit gives its process; it belongs to the server's user."""
    if folder.exists():
        return
    try:
        folder.mkdir(mode=0o700, parents=True)
        if user is not None and os.geteuid() == 0:
            entry = pwd.getpwnam(user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
    except OSError as error:
        raise FailedError(f"{folder} cannot be created: {error.strerror}.") from error
    typer.echo(f"Created: {folder}")


def _expect_systemd() -> None:
    if shutil.which("systemctl") is None or not _RUNNING.is_dir():
        raise FailedError(
            "systemd is not running on this machine, as in most containers. Run `fondaco serve` under "
            "another supervisor; `fondaco service install --print` prints the unit for another machine."
        )


def _run(is_system: bool, *arguments: str) -> None:  # noqa: FBT001 (always given)
    """Run systemctl, and say so.

    Raises:
        FailedError: it fails.
    """
    command = ["systemctl", *(() if is_system else ("--user",)), *arguments]
    typer.echo(f"Running: {' '.join(command)}")
    try:
        ended = subprocess.run(  # noqa: S603 (systemctl's own arguments)
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FailedError(f"`{' '.join(command)}` failed: {error}.") from error
    if ended.returncode:
        said = ended.stderr.strip() or f"exit code {ended.returncode}"
        raise FailedError(f"`{' '.join(command)}` failed: {said}")


def _answer(is_system: bool, question: str) -> str:  # noqa: FBT001 (always given)
    """Return what systemctl answers about the unit; "unknown" where it cannot be asked."""
    command = ["systemctl", *(() if is_system else ("--user",)), question, _NAME]
    try:
        ended = subprocess.run(  # noqa: S603 (systemctl's own arguments)
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return ended.stdout.strip() or "unknown"
