"""Model listings of engines, for a command or in the background."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio import to_thread

from fondaco.app.adding.chat_templates import profile_of
from fondaco.app.elsewhere.image_engines import DISCOVERIES, basic_login
from fondaco.clients.client import KeyMissingError
from fondaco.clients.connect import connect
from fondaco.configuration import added
from fondaco.configuration.discovered import PRICES_FOUND, tables_of, with_removed_offline
from fondaco.configuration.layers import Tree
from fondaco.configuration.own_files import TemplateProfile
from fondaco.domain.errors import EngineError, EngineRefusedError, EngineUnavailableError
from fondaco.engines.common.dialects import DialectName, is_of_images
from fondaco.engines.common.found import FoundEngine
from fondaco.engines.openai.discovery.discover import discover
from fondaco.environment import ConfigurationError, secret
from fondaco.settings import Engine, Settings

_CONNECTIONS = 8
_FIRST_BYTE_S = 15.0
_SD_SERVERS = "sd-cpp-local"
"""The only model in the list of an sd-server, whatever it runs. Source: `examples/server/api.md`."""

Accepts: TypeAlias = Callable[[Path, Tree], None]
"""Raises a `ConfigurationError` where the configuration could not be used with a file's tables."""


@dataclass(frozen=True, slots=True)
class EngineChange:
    """The new content of an engine's file in `catalogue.d`."""

    path: Path
    tables: Tree
    models: tuple[str, ...]
    """Ids of all its models."""
    new_models: tuple[str, ...]
    """Ids of models that are new."""
    removed_models: tuple[str, ...]
    """Ids of models that the engine no longer lists."""
    warnings: tuple[str, ...]


async def discover_at(
    url: str, key: str, dialect: DialectName | None, *, connect_timeout_s: float = 5.0
) -> tuple[str, FoundEngine]:
    """Discover an engine at an address, with or without `/v1`; return its base URL and models.

    Where no dialect is given, an engine without OpenAI's list of models is asked whether it makes images.

    Raises:
        EngineError: it refuses the key, does not answer, or has no list of models at either.
        ValueError: the address is none.
    """
    address = url.rstrip("/")
    versioned = address.endswith(("/v1", "/v2", "/v3"))
    root = address.rpartition("/")[0] if versioned else address
    if dialect is not None and is_of_images(dialect):
        return root, await _discover(root, key, dialect, connect_timeout_s)
    base_urls = (address,) if versioned else (f"{address}/v1", address)
    try:
        base_url, found = await _discover_any(base_urls, key, dialect, connect_timeout_s)
    except (EngineRefusedError, EngineUnavailableError):
        raise
    except EngineError as error:
        fault = error
    else:
        if dialect is not None or [model.name for model in found.models] != [_SD_SERVERS]:
            return base_url, found
        fault = EngineError(f"Its only model is {_SD_SERVERS!r}, and it tells nothing of it.")
    if dialect is None:
        for image_dialect in DISCOVERIES:
            with suppress(EngineError):
                return root, await _discover(root, key, image_dialect, connect_timeout_s)
    raise fault


async def change_of(
    name: str,
    row: Tree,
    found: FoundEngine,
    settings: Settings,
    accepts: Accepts,
    *,
    price: object = None,
) -> EngineChange:
    """Return the file of an engine with the models found, such that the configuration is valid.

    Raises:
        ConfigurationError: it cannot be used with what the engine said.
    """
    path = added.path_of(settings.home, "engine", name)
    before = added.content_of(path)
    profiles = await _profiles(found)
    new = tables_of(name, row, found, settings, before=before, profiles=profiles, price=price)
    tables = new.tables
    listed = tuple(_ids(tables))
    if added.normal(tables) != before:
        try:
            await to_thread.run_sync(accepts, path, added.normal(tables))
        except ConfigurationError:
            # Something that the operator wrote names a model that is gone: it stays, but offline.
            tables = with_removed_offline(tables, before)
            await to_thread.run_sync(accepts, path, added.normal(tables))
    former = _ids(before)
    return EngineChange(
        path=path,
        tables=tables,
        models=listed,
        new_models=tuple(one for one in listed if one not in former),
        removed_models=tuple(one for one in former if one not in listed),
        warnings=new.warnings,
    )


async def refreshed(
    name: str, engine: Engine, settings: Settings, accepts: Accepts
) -> EngineChange:
    """Ask an engine of the configuration again.

    Raises:
        KeyMissingError: its key is missing.
        EngineError: it does not answer.
        ConfigurationError: the configuration cannot be used with what it said.
    """
    try:
        key = secret(engine.key)
    except ConfigurationError as error:
        raise KeyMissingError from error
    dimensions = {
        engine.models.get(model_id, model_id): model.embedding.dimensions
        for model_id, model in settings.models.items()
        if name in model.engines and model.embedding is not None
    }
    found = await _discover(
        engine.base_url, key, engine.dialect, engine.connect_timeout_s, dimensions
    )
    own = added.content_of(added.path_of(settings.home, "engine", name)).get("engines")
    table = own.get(name) if isinstance(own, dict) else None
    row = {k: v for k, v in table.items() if k != "models"} if isinstance(table, dict) else {}
    price = None
    if engine.price is not None:
        price = {name: amount or 0 for name, amount in engine.price if name in PRICES_FOUND}
    return await change_of(name, row, found, settings, accepts, price=price)


async def _discover_any(
    base_urls: tuple[str, ...], key: str, dialect: DialectName | None, connect_timeout_s: float
) -> tuple[str, FoundEngine]:
    """Return the first address at which there is a list of models, and what it lists."""
    fault: EngineError = EngineUnavailableError("It does not answer.")
    for base_url in base_urls:
        try:
            return base_url, await _discover(base_url, key, dialect, connect_timeout_s)
        except EngineRefusedError:
            raise
        except EngineError as error:
            fault = error
    raise fault


async def _discover(
    base_url: str,
    key: str,
    dialect: DialectName | None,
    connect_timeout_s: float,
    dimensions: Mapping[str, int] | None = None,
) -> FoundEngine:
    login = dialect == "automatic1111" and ":" in key
    upstream = connect(
        base_url,
        key="" if login else key,
        headers=basic_login(key) if login else None,
        connections=_CONNECTIONS,
        connect_timeout_s=connect_timeout_s,
        first_byte_timeout_s=_FIRST_BYTE_S,
    )
    try:
        if dialect is not None and is_of_images(dialect):
            return await DISCOVERIES[dialect](upstream)
        return await discover(upstream, dialect, dimensions)
    finally:
        with anyio.CancelScope(shield=True):
            await upstream.aclose()


async def _profiles(found: FoundEngine) -> dict[str, TemplateProfile]:
    templates = {model.name: model.template for model in found.models if model.template}
    return {name: await profile_of(template) for name, template in templates.items()}


def _ids(tables: Mapping[str, object]) -> list[str]:
    """Return the ids of a file's models that are not offline."""
    models = tables.get("models")
    rows = models.items() if isinstance(models, dict) else ()
    return [name for name, row in rows if not (isinstance(row, dict) and row.get("offline"))]
