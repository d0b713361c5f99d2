"""Asks an engine what it serves: its list of models, and what its own API says besides."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus

import anyio
import orjson

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError, EngineRefusedError, EngineUnavailableError
from fondaco.engines.common.dialects import DialectName
from fondaco.engines.openai.discovery import listed, ollama
from fondaco.engines.openai.discovery.found import (
    LONGEST_TEMPLATE,
    MOST_DIMENSIONS,
    FoundEngine,
    FoundModel,
    Row,
    name_of,
    row_of,
    rows_of,
    tokens_of,
)
from fondaco.engines.openai.lenient_json import loads

MOST_MODELS = 500
"""Of one engine: more are passed over."""
_LIMIT_BYTES = 16 * 2**20
_DETAIL_BYTES = 4 * 2**20
_AT_ONCE = 4
_MOST_VECTORS = 20
"""So many models are asked for a vector, which may cost money, or load a model."""
_LONGEST_S = 60.0
_CREDENTIALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN}


async def discover(
    upstream: HttpClient,
    dialect: DialectName | None = None,
    dimensions: Mapping[str, int] | None = None,
) -> FoundEngine:
    """Ask an engine for its dialect, unless it is given, and its models.

    An embedding model whose list does not say how long its vectors are is asked for one.

    Args:
        upstream: the engine.
        dialect: None: what it shows itself to be.
        dimensions: of models that were asked before, by their names.

    Raises:
        EngineRefusedError: it refuses the key.
        EngineUnavailableError: it does not answer in time, or is not ready.
        EngineError: it has no list of models.
    """
    try:
        with anyio.fail_after(_LONGEST_S):
            document = await _asked(upstream, "/models")
            rows = rows_of(document.get("data"))
            if not rows and not isinstance(document.get("data"), list):
                raise EngineError("It has no list of models (GET /models).")
            dialect = dialect or listed.dialect_of(rows) or await _told(upstream)
            found = await _found(upstream, rows, dialect)
            return await _measured(upstream, found, dimensions or {})
    except TimeoutError:
        raise EngineUnavailableError(f"It took longer than {_LONGEST_S:g} s to answer.") from None


async def _measured(
    upstream: HttpClient, found: FoundEngine, known: Mapping[str, int]
) -> FoundEngine:
    models, asked = [], 0
    for model in found.models:
        length = model.dimensions or known.get(model.name)
        if model.embeds and length is None and asked < _MOST_VECTORS:
            asked += 1
            length = await _vector_length(upstream, model.name)
        models.append(replace(model, dimensions=length) if model.embeds else model)
    return replace(found, models=tuple(models))


async def _vector_length(upstream: HttpClient, name: str) -> int | None:
    """Return how long a vector of a model is, for one word."""
    told = await _perhaps(upstream, "/embeddings", {"model": name, "input": "a"})
    for row in rows_of(told.get("data")):
        vector = row.get("embedding")
        if isinstance(vector, list) and 0 < len(vector) <= MOST_DIMENSIONS:
            return len(vector)
    return None


async def _told(upstream: HttpClient) -> DialectName:
    """Return the dialect of an engine whose list does not show it: an empty one, for example."""
    version = await _perhaps(upstream, "/../api/version")
    return "ollama" if isinstance(version.get("version"), str) else "openai"


async def _found(upstream: HttpClient, rows: list[Row], dialect: DialectName) -> FoundEngine:
    warnings: list[str] = []
    if dialect == "ollama":
        models = await _of_ollama(upstream, warnings)
    else:
        models = _listed(rows, dialect, warnings)
    if dialect == "llama-server" and len(models) == 1:
        models = [await _with_props(upstream, models[0])]
    return FoundEngine(dialect, tuple(models), tuple(warnings))


def _listed(rows: list[Row], dialect: DialectName, warnings: list[str]) -> list[FoundModel]:
    by_name: dict[str, FoundModel] = {}
    for name, row in zip(_names([row.get("id") for row in rows], warnings), rows, strict=False):
        if name is None or name in by_name:
            continue
        if listed.is_served(name, row):
            by_name[name] = listed.model_of(name, row, dialect)
        else:
            warnings.append(f"{name!r} seems to be of a kind that is not served here; left out.")
    return list(by_name.values())


def _names(told: list[object], warnings: list[str]) -> list[str | None]:
    if len(told) > MOST_MODELS:
        warnings.append(f"It lists {len(told)} models; only the first {MOST_MODELS} were taken.")
    names = [name_of(one) for one in told[:MOST_MODELS]]
    if odd := names.count(None):
        warnings.append(f"{odd} models have names that cannot be used; left out.")
    return names


async def _of_ollama(upstream: HttpClient, warnings: list[str]) -> list[FoundModel]:
    told = ollama.names_in(await _asked(upstream, "/../api/tags"))
    names = list(dict.fromkeys(name for name in _names(told, warnings) if name is not None))
    loaded = ollama.loaded_contexts(await _perhaps(upstream, "/../api/ps"))
    shown: dict[str, Row] = {}
    places = anyio.CapacityLimiter(_AT_ONCE)

    async def show(name: str) -> None:
        async with places:
            shown[name] = await _perhaps(upstream, "/../api/show", {"model": name})

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(partial(show, name))
    return [ollama.model_of(name, shown[name], loaded.get(name)) for name in names]


async def _with_props(upstream: HttpClient, model: FoundModel) -> FoundModel:
    """Add what llama-server says of the one model that it runs.

    Source: llama.cpp, tools/server/README.md, `GET /props`.
    """
    props = await _perhaps(upstream, "/../props")
    settings, seen = (
        row_of(props.get("default_generation_settings")),
        row_of(props.get("modalities")),
    )
    template = props.get("chat_template")
    able = row_of(props.get("chat_template_caps"))
    fits = isinstance(template, str) and len(template) <= LONGEST_TEMPLATE
    return replace(
        model,
        context_tokens=tokens_of(settings.get("n_ctx")) or model.context_tokens,
        vision=model.vision or seen.get("vision") is True,
        audio=model.audio or seen.get("audio") is True,
        function_calling=model.function_calling or able.get("supports_tools") is True,
        template=template if fits and isinstance(template, str) else None,
    )


async def _perhaps(upstream: HttpClient, path: str, body: object = None) -> Row:
    """Return what an engine says where it may have nothing to say."""
    try:
        return await _asked(upstream, path, body, limit=_DETAIL_BYTES)
    except EngineRefusedError:
        return {}
    except EngineUnavailableError:
        raise
    except EngineError:
        return {}


async def _asked(
    upstream: HttpClient, path: str, body: object = None, *, limit: int = _LIMIT_BYTES
) -> Row:
    """Return the JSON object that an engine answers.

    Raises:
        EngineRefusedError: it refuses the key.
        EngineUnavailableError: it does not answer, or is not ready.
        EngineError: it answers something else.
    """
    method, payload = ("GET", b"") if body is None else ("POST", orjson.dumps(body))
    async with upstream.send(method, path, payload) as reply:
        if reply.status in _CREDENTIALS:
            raise EngineRefusedError(f"It refuses the key: it answers {reply.status}.")
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise EngineUnavailableError(f"It is not ready: it answers {reply.status}.")
        if reply.status != HTTPStatus.OK:
            raise EngineError(f"It has no {path.replace('/..', '')}: it answers {reply.status}.")
        try:
            return row_of(loads(await reply.read(limit)))
        except ValueError:
            raise EngineError("Its answer is no JSON.") from None
