"""Discovers an engine's models: from its model list, and from the details of its own API."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus

import anyio
import orjson

from fondaco.clients.client import HttpClient
from fondaco.domain.errors import EngineError, EngineRefusedError, EngineUnavailableError
from fondaco.engines.common.dialects import DialectName
from fondaco.engines.common.found import (
    LONGEST_TEMPLATE,
    MOST_DIMENSIONS,
    MOST_MODELS,
    FoundEngine,
    FoundModel,
    Row,
    name_of,
    row_of,
    rows_of,
    tokens_of,
)
from fondaco.engines.common.lenient_json import loads
from fondaco.engines.openai.discovery import listed, ollama

_LIMIT_BYTES = 16 * 2**20
_DETAIL_BYTES = 4 * 2**20
_AT_ONCE = 4
_MOST_VECTORS = 20
"""Maximum number of models that are probed for a vector, which may cost money or load a model."""
_LONGEST_S = 60.0
_CREDENTIALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN}


async def discover(
    upstream: HttpClient,
    dialect: DialectName | None = None,
    dimensions: Mapping[str, int] | None = None,
) -> FoundEngine:
    """Ask an engine for its dialect, unless it is given, and its models.

    An embedding model without listed dimensions is probed with one input.

    Args:
        upstream: the engine.
        dialect: None: what it shows itself to be.
        dimensions: known dimensions of models by name, which need no probe.

    Raises:
        EngineRefusedError: it refuses the key.
        EngineUnavailableError: it does not answer in time, or is not ready.
        EngineError: it has no list of models.
    """
    try:
        with anyio.fail_after(_LONGEST_S):
            document = await _fetched(upstream, "/models")
            rows = rows_of(document.get("data"))
            if not rows and not isinstance(document.get("data"), list):
                raise EngineError("It does not list its models (GET /models).")
            dialect = dialect or listed.dialect_of(rows) or await _detected_dialect(upstream)
            found = await _found(upstream, rows, dialect)
            return await _measured(upstream, found, dimensions or {})
    except TimeoutError:
        raise EngineUnavailableError(f"It took longer than {_LONGEST_S:g} s to answer.") from None


async def _measured(
    upstream: HttpClient, found: FoundEngine, known: Mapping[str, int]
) -> FoundEngine:
    models, measured = [], 0
    for model in found.models:
        length = model.dimensions or known.get(model.name)
        if model.embeds and length is None and measured < _MOST_VECTORS:
            measured += 1
            length = await _vector_length(upstream, model.name)
        models.append(replace(model, dimensions=length) if model.embeds else model)
    return replace(found, models=tuple(models))


async def _vector_length(upstream: HttpClient, name: str) -> int | None:
    """Return the length of a model's vectors: that of one word."""
    response = await _fetched_or_empty(upstream, "/embeddings", {"model": name, "input": "a"})
    for row in rows_of(response.get("data")):
        vector = row.get("embedding")
        if isinstance(vector, list) and 0 < len(vector) <= MOST_DIMENSIONS:
            return len(vector)
    return None


async def _detected_dialect(upstream: HttpClient) -> DialectName:
    """Return the dialect of an engine whose list does not reveal it, such as an empty list."""
    version = await _fetched_or_empty(upstream, "/../api/version")
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
            warnings.append(f"{name!r} seems to be of an unsupported type; skipped.")
    return list(by_name.values())


def _names(raw_names: list[object], warnings: list[str]) -> list[str | None]:
    if len(raw_names) > MOST_MODELS:
        warnings.append(f"It lists {len(raw_names)} models; only the first {MOST_MODELS} are used.")
    names = [name_of(one) for one in raw_names[:MOST_MODELS]]
    if unusable := names.count(None):
        warnings.append(f"{unusable} models have unusable names; skipped.")
    return names


async def _of_ollama(upstream: HttpClient, warnings: list[str]) -> list[FoundModel]:
    raw_names = ollama.names_in(await _fetched(upstream, "/../api/tags"))
    names = list(dict.fromkeys(name for name in _names(raw_names, warnings) if name is not None))
    loaded = ollama.loaded_contexts(await _fetched_or_empty(upstream, "/../api/ps"))
    shown: dict[str, Row] = {}
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def show(name: str) -> None:
        async with limiter:
            shown[name] = await _fetched_or_empty(upstream, "/../api/show", {"model": name})

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(partial(show, name))
    return [ollama.model_of(name, shown[name], loaded.get(name)) for name in names]


async def _with_props(upstream: HttpClient, model: FoundModel) -> FoundModel:
    """Add the properties that llama-server reports for its only model.

    Source: llama.cpp, tools/server/README.md, `GET /props`.
    """
    props = await _fetched_or_empty(upstream, "/../props")
    settings, modalities = (
        row_of(props.get("default_generation_settings")),
        row_of(props.get("modalities")),
    )
    template = props.get("chat_template")
    template_caps = row_of(props.get("chat_template_caps"))
    fits = isinstance(template, str) and len(template) <= LONGEST_TEMPLATE
    return replace(
        model,
        context_tokens=tokens_of(settings.get("n_ctx")) or model.context_tokens,
        vision=model.vision or modalities.get("vision") is True,
        audio=model.audio or modalities.get("audio") is True,
        function_calling=model.function_calling or template_caps.get("supports_tools") is True,
        template=template if fits and isinstance(template, str) else None,
    )


async def _fetched_or_empty(upstream: HttpClient, path: str, body: object = None) -> Row:
    """Return a document that the engine may not have; empty if it has none."""
    try:
        return await _fetched(upstream, path, body, limit=_DETAIL_BYTES)
    except EngineRefusedError:
        return {}
    except EngineUnavailableError:
        raise
    except EngineError:
        return {}


async def _fetched(
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
            raise EngineRefusedError(f"It refuses the key: it returned {reply.status}.")
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise EngineUnavailableError(f"It is not ready: it returned {reply.status}.")
        if reply.status != HTTPStatus.OK:
            raise EngineError(f"It has no {path.replace('/..', '')}: it returned {reply.status}.")
        try:
            return row_of(loads(await reply.read(limit)))
        except ValueError:
            raise EngineError("Its response is not JSON.") from None
