"""`fondaco engines add`: an upstream engine, and the models that it lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fondaco.cli.configuring.reloading import reload_if_running
from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.models.rows import prices_of
from fondaco.cli.options import AsJson, Config, Home, configuration, expect_variable
from fondaco.cli.output import print_json
from fondaco.cli.progress import busy

if TYPE_CHECKING:
    from fondaco.app.adding.engines import EngineChange
    from fondaco.configuration.layers import Tree
    from fondaco.engines.common.dialects import DialectName
    from fondaco.engines.common.found import FoundEngine
    from fondaco.settings import Settings


def add(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="Address of the engine, such as http://127.0.0.1:11434."
        ),
    ],
    *,
    dialect: Annotated[
        str | None,
        typer.Option(
            metavar="DIALECT",
            help="API of the engine: openai, vllm, llama-server, ollama or openrouter; for images "
            "automatic1111, sd-server or comfyui; default: detected.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the engine; default: from its dialect or host."),
    ] = None,
    key_env: Annotated[
        str | None,
        typer.Option(metavar="VAR", help="Environment variable that holds the engine's API key."),
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(
            metavar="INPUT/OUTPUT",
            help="USD per million tokens of each model, such as 0.20/0.90, or USD per image; default: "
            "free on the local network, else required.",
        ),
    ] = None,
    discover: Annotated[
        bool | None,
        typer.Option(
            "--discover/--no-discover",
            help="Keep the catalogue in step with the models that the engine lists; default: on the local "
            "network only.",
            show_default=False,
        ),
    ] = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Add an engine and the models that it lists."""
    from fondaco.configuration import added
    from fondaco.configuration.discovered import engine_name

    settings = configuration(home, config).settings
    local = _is_local(url)
    if price is None and not local:
        raise typer.BadParameter(
            f"{url} is outside the local network, so its calls may cost you money. State the price for "
            "callers, such as 0.20/0.90, or 0.02 per image; 0 is free.",
            param_hint="--price",
        )
    prices_of(price or "0")  # which kind of price it is, the engine's models show
    key = _key(key_env)
    wanted = _dialect(dialect)
    with busy("Detecting the engine and its models"):
        base_url, found = _discover(url, key, wanted)
    prices = _prices(price or "0", found.dialect)
    chosen = _free_name(name or engine_name(base_url, found.dialect), base_url, settings)
    row: Tree = {
        "base_url": base_url,
        "dialect": found.dialect,
        "key": key.reference or None,
        "discover": local if discover is None else discover,
        "price": prices,
    }
    change = _change(chosen, row, found, settings, config)
    added.write(change.path, "engine", change.tables)
    for warning in (*key.warnings, *change.warnings):
        typer.echo(f"fondaco: warning: {warning}", err=True)
    _report_added(chosen, base_url, found, change, as_json=as_json)
    reload_if_running(settings.home)


def _prices(text: str, dialect: "DialectName") -> "Tree":
    """Return the prices that an option names, of a kind that the engine's models have.

    Raises:
        typer.BadParameter: it names none.
    """
    from fondaco.configuration.prices import image_prices_of
    from fondaco.engines.common.dialects import is_of_images

    if not is_of_images(dialect):
        return prices_of(text)
    try:
        return {**image_prices_of(text)}
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--price") from None


def _dialect(named: str | None) -> "DialectName | None":
    from typing import get_args

    from fondaco.engines.common.dialects import DialectName, dialect_named, is_of_videos

    if named is None:
        return None
    if (found := dialect_named(named)) is None:
        raise typer.BadParameter(
            f"Unknown dialect {named!r}. Dialects: {', '.join(get_args(DialectName))}.",
            param_hint="--dialect",
        )
    if is_of_videos(found):
        raise typer.BadParameter(
            f"Engines of {named!r} do not list their models. Add them to fondaco.toml, as in "
            "docs/how-to/video.md.",
            param_hint="--dialect",
        )
    return found


def _is_local(url: str) -> bool:
    """Whether an engine's address is on this machine or network.

    Raises:
        typer.BadParameter: it is no address of an engine.
    """
    from fondaco.clients.base_url import BaseUrl
    from fondaco.configuration.discovered import is_local

    try:
        BaseUrl.parse(url)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from None
    return is_local(url)


@dataclass(frozen=True)
class _Key:
    """The key of an engine: its source, and its value."""

    reference: str = ""
    value: str = ""
    """Empty where there is none, or none here."""
    variable: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether its variable is not set here."""
        return bool(self.reference and not self.value)

    @property
    def warnings(self) -> Iterator[str]:
        """Say where the variable has to be set."""
        if self.is_missing:
            yield (
                f"{self.variable} is not set here. The engine is unavailable until the server is started "
                f"with it: export {self.variable}=..."
            )


def _key(variable: str | None) -> _Key:
    """Return the key that a variable of the environment holds, set or not.

    Raises:
        typer.BadParameter: the name is none of a variable: it may be the key itself, which is not shown.
        ConfigurationError: it is set to what is no key.
    """
    from fondaco.environment import environment, secret

    if variable is None:
        return _Key()
    expect_variable(variable)
    reference = f"env:{variable}"
    value = secret(reference) if environment().get(variable, "").strip() else ""
    return _Key(reference, value, variable)


def _discover(url: str, key: _Key, dialect: "DialectName | None") -> "tuple[str, FoundEngine]":
    """Return an engine's base URL, and what it answers.

    Raises:
        FailedError: it does not answer, or has no list of models.
    """
    import anyio

    from fondaco.app.adding.engines import discover_at
    from fondaco.domain.errors import EngineError, EngineRefusedError

    try:
        return anyio.run(discover_at, url, key.value, dialect)
    except EngineError as error:
        if key.is_missing and isinstance(error, EngineRefusedError):
            raise FailedError(
                f"The engine at {url} needs a key, but {key.variable} is not set. Set it, and run the "
                f"command again: export {key.variable}=...",
                Exit.CONFIGURATION,
            ) from error
        raise FailedError(
            f"The engine at {url} cannot be added: {error} Check that it runs, and that its address and "
            "key are correct.",
            Exit.UNREACHABLE,
        ) from error


def _free_name(name: str, base_url: str, settings: "Settings") -> str:
    """Return the name for an engine that is new, or at the same address as before.

    Raises:
        FailedError: another engine has it.
    """
    from fondaco.configuration import BUILT_IN, ENCLAVE, added
    from fondaco.patterns import DESCRIPTIONS, NAME, fits

    if not fits(NAME, name):
        raise typer.BadParameter(
            f"{name!r} is not a valid engine name. Expected {DESCRIPTIONS[NAME]}.",
            param_hint="--name",
        )
    engine = settings.engines.get(name)
    ours = added.path_of(settings.home, "engine", name).exists()
    if name in (*BUILT_IN, ENCLAVE) or (engine and not (ours and engine.base_url == base_url)):
        raise FailedError(
            f"Engine {name!r} already exists. Choose another name with --name.", Exit.USAGE
        )
    return name


def _change(
    name: str, row: "Tree", found: "FoundEngine", settings: "Settings", config: Path | None
) -> "EngineChange":
    from functools import partial

    import anyio

    from fondaco.app.adding.engines import change_of

    def accepts(path: Path, tables: "Tree") -> None:
        configuration(settings.home, config, trial={path: tables})

    price = row["price"]
    return anyio.run(partial(change_of, name, row, found, settings, accepts, price=price))


def _report_added(
    name: str, base_url: str, found: "FoundEngine", change: "EngineChange", *, as_json: bool
) -> None:
    if as_json:
        print_json(
            {
                "name": name,
                "baseUrl": base_url,
                "dialect": found.dialect,
                "models": list(change.models),
                "file": str(change.path),
            }
        )
    else:
        models = ", ".join(change.models) or "none yet"
        typer.echo(f"Added: {name} ({found.dialect}) at {base_url}. Models: {models}.")
