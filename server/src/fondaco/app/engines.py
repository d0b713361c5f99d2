"""The engines that the settings name, opened together and closed together."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio

from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.configuration import catalogue_of, missing_files
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.image_model import ImageParameter
from fondaco.domain.models.model import ModelType
from fondaco.engines.openai.embeddings import OpenAIEmbeddings, UpstreamModel
from fondaco.engines.openai.engine import OpenAICompatible
from fondaco.engines.openai.images import OpenAIImages, UpstreamImageModel
from fondaco.engines.openai.listing import names_listed
from fondaco.environment import secret
from fondaco.ports import ChatEngine, EmbeddingEngine, ImageEngine, Templates
from fondaco.sandbox.templates import SandboxedTemplates
from fondaco.serving.routing.reachability import Look, Seen, looked
from fondaco.settings import Engine, Settings
from fondaco.system import SystemClock


@asynccontextmanager
async def opened_templates() -> AsyncGenerator[Templates]:
    """Open what renders chat templates; its children start with the first of them."""
    templates = SandboxedTemplates(SystemClock())
    try:
        yield templates
    finally:
        with anyio.CancelScope(shield=True):
            await templates.aclose()


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Engines that are reached over HTTP, by their names."""

    engines: Mapping[str, ChatEngine]
    embedding_engines: Mapping[str, EmbeddingEngine]
    image_engines: Mapping[str, ImageEngine]
    looks: Mapping[str, Look]
    """What shows whether each of them answers."""


@asynccontextmanager
async def opened_upstreams(settings: Settings, templates: Templates) -> AsyncGenerator[Upstreams]:
    """Open all engines that are reached over HTTP.

    Raises:
        ConfigurationError: a secret is missing.
    """
    upstreams = {name: _connected(name, row) for name, row in settings.engines.items()}
    engines = {
        name: OpenAICompatible(
            name,
            upstreams[name],
            _names(settings, name, row, ModelType.TEXT),
            dialect=row.dialect,
            whole_as_stream=row.whole_as_stream,
            completions=row.completions,
            extra_params=row.extra_params,
            extra_headers=row.extra_headers,
            templates=templates,
        )
        for name, row in settings.engines.items()
    }
    embedding_engines = {
        name: OpenAIEmbeddings(name, upstreams[name], _embedding_models(settings, name, row))
        for name, row in settings.engines.items()
    }
    image_engines = {
        name: OpenAIImages(name, upstreams[name], _image_models(settings, name, row))
        for name, row in settings.engines.items()
    }
    looks = {name: partial(names_listed, upstream) for name, upstream in upstreams.items()}
    try:
        yield Upstreams(engines, embedding_engines, image_engines, looks)
    finally:
        with anyio.CancelScope(shield=True):
            for upstream in upstreams.values():
                await upstream.aclose()


async def look_at_engines(settings: Settings) -> dict[str, Seen]:
    """Look at each upstream engine.

    Returns:
        By the engine's name what was found; its `names` are those that models here ask for, and
        that the engine's list lacks.

    Raises:
        ConfigurationError: a secret is missing.
    """
    found = dict[str, Seen]()

    async def look(name: str, one: Look) -> None:
        found[name] = await looked(one)

    async with (
        opened_templates() as templates,
        opened_upstreams(settings, templates) as upstreams,
        anyio.create_task_group() as tasks,
    ):
        for name, one in upstreams.looks.items():
            tasks.start_soon(look, name, one)
    return {
        name: Seen(found[name].fault, _unlisted(found[name].names, _names(settings, name, row)))
        for name, row in settings.engines.items()
    }


def _unlisted(listed: frozenset[str], expected: Mapping[str, str]) -> frozenset[str]:
    return frozenset(expected.values()) - listed if listed else listed


def catalogue_here(settings: Settings) -> Catalogue:
    """Return the catalogue as this machine can serve it: models without their file are not installed."""
    return catalogue_of(settings, missing_files(settings), SystemClock().now)


def _connected(name: str, row: Engine) -> HttpClient:
    return connect(
        row.base_url,
        key=secret(row.key) if row.key else "",
        connections=row.connections,
        connect_timeout_s=row.connect_timeout_s,
        first_byte_timeout_s=row.first_byte_timeout_s,
        chunk_timeout_s=row.chunk_timeout_s,
        total_timeout_s=row.total_timeout_s,
    )


def _names(
    settings: Settings, engine: str, row: Engine, kind: ModelType | None = None
) -> dict[str, str]:
    """Return model id -> the engine's name for it; without a mapping, both are the same."""
    return {
        model_id: row.models.get(model_id, model_id)
        for model_id, model in settings.models.items()
        if engine in model.engines and kind in (None, model.type)
    }


def _embedding_models(settings: Settings, engine: str, row: Engine) -> dict[str, UpstreamModel]:
    names = _names(settings, engine, row, ModelType.EMBEDDING)
    return {
        model_id: UpstreamModel(name, vectors.dimensions)
        for model_id, name in names.items()
        if (vectors := settings.models[model_id].embedding) is not None
    }


def _image_models(settings: Settings, name: str, row: Engine) -> dict[str, UpstreamImageModel]:
    names = _names(settings, name, row, ModelType.IMAGE)
    return {
        model_id: UpstreamImageModel(upstream_name, _image_parameters(settings, model_id))
        for model_id, upstream_name in names.items()
    }


def _image_parameters(settings: Settings, model_id: str) -> frozenset[ImageParameter]:
    limits = settings.models[model_id].image
    return frozenset() if limits is None else frozenset(limits.parameters)
