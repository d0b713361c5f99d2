"""`fondaco doctor`: faults of an installation, each with its fix."""

import sqlite3
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.options import AsJson, Config, Home, configuration
from fondaco.cli.output import print_json
from fondaco.cli.progress import busy
from fondaco.cli.upkeep.findings import Diagnosis, State, error

if TYPE_CHECKING:
    from fondaco.settings import Settings
    from fondaco.stores.server_lock import ServerState


def doctor(
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not probe engines or the running server.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(min=1, max=600, metavar="SECONDS", help="Time limit for each probe."),
    ] = 30.0,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Check the installation, and print a fix for each problem.

    Checks the configuration, database, ledger, quarantine, disk space, port, clock, permissions, keys, model files
    and packages, then requests one token from each engine, which upstream engines may charge. Changes nothing,
    and prints no secrets. Exit code 10 if an error is found.
    """
    found = list[Diagnosis]()
    findings_to_come = _findings(home, config, timeout, offline=offline)
    while True:
        with busy("Checking"):
            finding = next(findings_to_come, None)
        if finding is None:
            break
        found.append(finding)
        if not as_json:
            _print(finding)
    errors, warnings = (
        sum(1 for one in found if one.state is state) for state in (State.ERROR, State.WARNING)
    )
    if as_json:
        findings = [one.as_json() for one in found]
        print_json({"ok": not errors, "errors": errors, "warnings": warnings, "findings": findings})
    else:
        typer.echo(_summary(errors, warnings))
    if errors:
        raise typer.Exit(Exit.UNHEALTHY)


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "No problems found."
    counted = (
        f"{count} {name}{'' if count == 1 else 's'}"
        for name, count in (("error", errors), ("warning", warnings))
        if count
    )
    return f"{', '.join(counted)}."


def _findings(
    home: Path | None, config: Path | None, longest_s: float, *, offline: bool
) -> Iterator[Diagnosis]:
    from fondaco.cli.upkeep.checks import configuration as of_configuration
    from fondaco.configuration import ConfigurationError, home_folder

    settings = None
    try:
        loaded = configuration(home, config)
    except ConfigurationError as fault:
        yield from of_configuration.invalid(fault)
        folder = home_folder(home, config)
    else:
        settings, folder = loaded.settings, loaded.settings.home
        yield from of_configuration.checked(loaded)
    yield from _guarded("home", _state(folder, longest_s))
    if settings is None:
        return
    yield from _guarded("models", _models(settings))
    yield from _guarded("server", _server(settings, longest_s, offline=offline))


def _state(folder: Path, longest_s: float) -> Iterator[Diagnosis]:
    from fondaco.cli.upkeep.checks import database, home
    from fondaco.stores.home import Home as HomeFolder

    path = HomeFolder.database_in(folder)
    if folder.exists():
        yield from home.checked(folder)
    if not path.exists():
        yield from home.missing(folder)
    else:
        yield from _guarded("database", database.checked(path, longest_s=longest_s))


def _models(settings: "Settings") -> Iterator[Diagnosis]:
    from fondaco.cli.upkeep.checks import home, models

    yield from home.room(settings.home, settings.models_folder)
    yield from models.checked(settings)


def _server(settings: "Settings", longest_s: float, *, offline: bool) -> Iterator[Diagnosis]:
    from fondaco.cli.upkeep.checks import server

    try:
        state = _running(settings.home)
    except FailedError as fault:
        yield from server.unknown(str(fault).rstrip("."))
        return
    if state is None:
        yield from server.could_listen(settings)
    elif not offline:
        yield from server.listening(state, longest_s=longest_s)
    if offline:
        return
    from fondaco.cli.upkeep.checks import engines

    yield from engines.upstream(settings, longest_s=longest_s)
    if state is None:  # else its engines have the memory, and its readiness was asked for
        yield from engines.local(settings, longest_s=longest_s)


def _running(folder: Path) -> "ServerState | None":
    from fondaco.cli.configuring.reloading import server_state

    return server_state(folder)


def _guarded(check: str, findings: Iterable[Diagnosis]) -> Iterator[Diagnosis]:
    """Yield findings; a file or database that cannot be read is one, too."""
    from fondaco.domain.errors import FondacoError
    from fondaco.environment import ConfigurationError
    from fondaco.stores.errors import StoreError

    try:
        yield from findings
    except (OSError, sqlite3.Error, StoreError, FondacoError, ConfigurationError) as fault:
        yield error(
            check,
            f"The check could not be completed: {fault}",
            why="Faults may be hidden behind this one.",
            fix="correct what the message names, then: fondaco doctor",
        )


def _print(finding: Diagnosis) -> None:
    colour = sys.stdout.isatty() and not _no_colour()
    for line in finding.lines(get_terminal_size().columns, colour=colour):
        typer.echo(line)


def _no_colour() -> bool:
    from fondaco.environment import environment

    environ = environment()
    return bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
