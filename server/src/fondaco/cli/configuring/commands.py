"""`fondaco config`: show, check and start a configuration."""

from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.options import AsJson, Config, Home, configuration, warn
from fondaco.cli.output import print_json
from fondaco.cli.progress import busy

if TYPE_CHECKING:
    from fondaco.settings import Settings

group = CommandGroup(help="Show, check and create the configuration.")


@group.command()
def show(
    *,
    origin: Annotated[
        bool, typer.Option("--origin", help="Show the source of each value.")
    ] = False,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Print the configuration in force, as TOML."""
    from fondaco.configuration.masking import masked, shown_settings
    from fondaco.configuration.writing import as_toml

    loaded = configuration(home, config)
    if not as_json:
        typer.echo(as_toml(loaded.settings, loaded.origin if origin else None, masked), nl=False)
        return
    rows = shown_settings(loaded.settings, loaded.origin)
    if origin:
        print_json({row.name: {"value": row.value, "origin": row.origin} for row in rows})
    else:
        print_json({row.name: row.value for row in rows})


@group.command()
def check(
    *,
    connect: Annotated[
        bool,
        typer.Option(
            "--connect",
            help="Also test the engines and their keys; exit code 6 if one fails.",
        ),
    ] = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Check that the configuration is valid.

    Exit code 3 if it is invalid.
    """
    from fondaco.configuration import ConfigurationError, missing_keys, missing_secrets
    from fondaco.hostnames import is_loopback

    loaded = configuration(home, config)
    warn(loaded)
    server = loaded.settings.server
    if not is_loopback(server.host) and not server.allow_remote:
        typer.echo(
            f"fondaco: warning: {server.host!r} is reachable from other machines, so `fondaco serve` "
            "needs --allow-remote, or server.allow_remote = true.",
            err=True,
        )
    for line in missing_keys(loaded.settings):
        typer.echo(f"fondaco: warning: {line}", err=True)
    if faults := tuple(missing_secrets(loaded.settings)):
        raise ConfigurationError(*faults)
    if connect:
        _connect(loaded.settings)
    typer.echo(f"The configuration is valid: {loaded.file or 'no file, defaults only'}.")
    for file in loaded.added:
        typer.echo(f"Added by commands: {file}.")


def _connect(settings: "Settings") -> None:
    """Say which engines answer.

    Raises:
        FailedError: one does not.
    """
    from functools import partial

    import anyio

    from fondaco.app import look_at_engines

    with busy("Testing the engines"):
        reports = anyio.run(partial(look_at_engines, settings, keys=True))
    for engine, seen in reports.items():
        state = f"cannot be used. {seen.why}" if seen.fault else "answers."
        typer.echo(f"The engine {engine!r} {state}")
        for name in sorted(seen.names):
            typer.echo(
                f"fondaco: warning: the engine {engine!r} does not list {name!r}, which a model of the "
                "catalogue requests from it.",
                err=True,
            )
    if faulty := [engine for engine, seen in reports.items() if seen.fault]:
        raise FailedError(
            f"The configuration is valid, but these engines failed: {', '.join(faulty)}. Check that "
            "they run, and that base_url and key are correct.",
            Exit.UNREACHABLE,
        )


@group.command()
def init(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Include the tables of built-in engines and models.")
    ] = False,
    stdout: Annotated[
        bool, typer.Option("--stdout", help="Print to standard output instead of writing the file.")
    ] = False,
    home: Home = None,
) -> None:
    """Write a fondaco.toml with every setting as a comment.

    The file is created in the home folder.
    """
    from fondaco.configuration.writing import template

    text = template(everything=everything)
    if stdout:
        typer.echo(text, nl=False)
        return
    folder = configuration(home, None).settings.home
    path = folder / "fondaco.toml"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise FailedError(
            f"{path} already exists. Show the configuration with: fondaco config show"
        ) from error
    except OSError as error:
        raise FailedError(f"{path} cannot be written: {error.strerror}.") from error
    typer.echo(f"Written: {path}")
