"""`fondaco engines`: upstream engines, and the models that they serve."""

from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli import completing
from fondaco.cli.configuring.reloading import reload_if_running
from fondaco.cli.engines.adding import add
from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.help.groups import CommandGroup
from fondaco.cli.options import AsJson, Config, Home, Wide, configuration
from fondaco.cli.output import Row, Table, print_rows
from fondaco.cli.progress import busy

if TYPE_CHECKING:
    from fondaco.settings import Settings

group = CommandGroup(help="List, add, test and remove upstream engines.")


@group.command("list")
def list_engines(
    *, home: Home = None, config: Config = None, as_json: AsJson = False, wide: Wide = False
) -> None:
    """List upstream engines, without contacting them."""
    from fondaco.configuration import added

    settings = configuration(home, config).settings
    rows = [
        {
            "name": name,
            "dialect": engine.dialect,
            "models": len(_models(settings, name)),
            "discover": engine.discover,
            "added": added.path_of(settings.home, "engine", name).exists(),
            "baseUrl": engine.base_url,
        }
        for name, engine in settings.engines.items()
    ]
    table = Table(
        "No upstream engines. Add one with: fondaco engines add URL",
        optional=("added", "discover"),
    )
    print_rows(rows, table, as_json=as_json, wide=wide)


group.command()(add)


@group.command("test")
def check_engines(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="Name of an engine; default: all.",
            autocompletion=completing.engines,
        ),
    ] = None,
    *,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    wide: Wide = False,
) -> None:
    """Test upstream engines and their keys.

    Requests one token from each, which may be charged. Exit code 6 if an engine fails.
    """
    settings = configuration(home, config).settings
    if name is not None and name not in settings.engines:
        existing = ", ".join(settings.engines) or "none"
        raise FailedError(f"Unknown engine {name!r}. Engines: {existing}.", Exit.UNKNOWN)
    names = [name] if name else list(settings.engines)
    with busy("Testing the engines"):
        rows = [_tested(one, settings) for one in names]
    table = Table(
        "No upstream engines.",
        optional=("fault", "unlisted", "milliseconds", "models"),
        flexible="reason",
    )
    print_rows(rows, table, as_json=as_json, wide=wide)
    if faults := [f"{row['name']}: {row['reason']}" for row in rows if not row["answers"]]:
        raise FailedError(
            f"Some engines failed. {' '.join(faults)} Check that they run, and that base_url and key "
            "are correct.",
            Exit.UNREACHABLE,
        )


@group.command()
def remove(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Name of the engine.", autocompletion=completing.engines
        ),
    ],
    *,
    home: Home = None,
    config: Config = None,
) -> None:
    """Remove an added engine and its models from the catalogue."""
    from fondaco.configuration import added

    settings = configuration(home, config).settings
    path = added.path_of(settings.home, "engine", name)
    if not path.exists():
        where = (
            "it stands in the configuration file" if name in settings.engines else "unknown name"
        )
        raise FailedError(f"Engine {name!r} cannot be removed: {where}.", Exit.UNKNOWN)
    configuration(settings.home, config, trial={path: None})
    added.remove(path)
    typer.echo(f"Removed: {name}.")
    reload_if_running(settings.home)


def _tested(name: str, settings: "Settings") -> Row:
    """Probe one engine; return the row to print."""
    from functools import partial

    import anyio

    from fondaco.app import look_at_engines

    settings_of_one = settings.model_copy(update={"engines": {name: settings.engines[name]}})
    started = monotonic()
    seen = anyio.run(partial(look_at_engines, settings_of_one, keys=True))[name]
    return {
        "name": name,
        "answers": not seen.fault,
        "milliseconds": round(1000 * (monotonic() - started)),
        "fault": seen.fault or None,
        "reason": seen.why if seen.fault else None,
        "models": len(_models(settings, name)),
        "unlisted": sorted(seen.names),
    }


def _models(settings: "Settings", engine: str) -> list[str]:
    return [name for name, model in settings.models.items() if engine in model.engines]
