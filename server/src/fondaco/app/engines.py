"""The engines that the settings name, opened together and closed together."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

import anyio
from anyio import to_thread

from fondaco.app.elsewhere.image_engines import (
    LISTINGS,
    ImageUpstream,
    expected_names,
    image_client,
    opened_image_engine,
    opened_videos,
)
from fondaco.app.elsewhere.video_engines import VideoUpstream, opened_video_engine
from fondaco.clients.base_url import BaseUrl
from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.clients.keyless import KeylessClient
from fondaco.clients.pool import HttpPool
from fondaco.configuration import catalogue_of, missing_files
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.image_model import ImageParameter
from fondaco.domain.models.model import ModelType
from fondaco.engines.common.dialects import is_of_images, is_of_videos
from fondaco.engines.common.images.options import ImageOptions
from fondaco.engines.openai.embeddings import OpenAIEmbeddings, UpstreamModel
from fondaco.engines.openai.engine import OpenAICompatible
from fondaco.engines.openai.images import DEFAULT_OPTIONS, OpenAIImages, UpstreamImageModel
from fondaco.engines.openai.key_check import expect_accepted, question_for
from fondaco.engines.openai.listing import names_listed
from fondaco.engines.openai.speech import OpenAISpeech, UpstreamSpeechModel
from fondaco.engines.openai.transcription import OpenAITranscription
from fondaco.engines.videoqueue.listing import names_listed as video_names_listed
from fondaco.environment import ConfigurationError, secret
from fondaco.ports import (
    ChatEngine,
    EmbeddingEngine,
    ImageEditor,
    ImageEngine,
    SpeechEngine,
    Templates,
    TranscriptionEngine,
    VideoEngine,
)
from fondaco.sandbox.templates import SandboxedTemplates
from fondaco.serving.routing.overview import EngineSite
from fondaco.serving.routing.reachability import Look, Seen, looked
from fondaco.settings import CatalogueModel, Engine, Settings
from fondaco.system import SystemClock

_LONGEST_CHECK_S = 75.0
"""For a list and an answer; the engine may have to load the model first."""


@asynccontextmanager
async def opened_templates() -> AsyncGenerator[Templates]:
    """Open the renderer of chat templates; its children start with the first of them."""
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
    image_editors: Mapping[str, ImageEditor]
    speech_engines: Mapping[str, SpeechEngine]
    transcription_engines: Mapping[str, TranscriptionEngine]
    video_engines: Mapping[str, VideoEngine]
    sites: Mapping[str, EngineSite]
    """Their addresses, and the calls that they have from here."""
    looks: Mapping[str, Look]
    """Probe of each engine, which shows whether it answers."""


@asynccontextmanager
async def opened_upstreams(settings: Settings, templates: Templates) -> AsyncGenerator[Upstreams]:
    """Open all engines that are reached over HTTP; one whose key is missing fails each call.

    Raises:
        ConfigurationError: a workflow has become unusable since the configuration was read.
    """
    image_upstreams = {
        name: await to_thread.run_sync(opened_image_engine, name, row, row.dialect, settings)
        for name, row in settings.engines.items()
        if is_of_images(row.dialect)
    }
    video_upstreams = {
        name: opened_video_engine(name, row, connected(row), settings)
        for name, row in settings.engines.items()
        if is_of_videos(row.dialect)
    }
    videos_beside = {
        name: await to_thread.run_sync(
            opened_videos, name, settings.engines[name], upstream.client, settings
        )
        for name, upstream in image_upstreams.items()
    }
    apart: dict[str, ImageUpstream | VideoUpstream] = {**image_upstreams, **video_upstreams}
    rows = {name: row for name, row in settings.engines.items() if name not in apart}
    upstreams = {name: connected(row) for name, row in rows.items()}
    engines = {
        name: chat_engine(
            name, row, upstreams[name], _names(settings, name, row, ModelType.TEXT), templates
        )
        for name, row in rows.items()
    }
    embedding_engines = {
        name: OpenAIEmbeddings(name, upstreams[name], _embedding_models(settings, name, row))
        for name, row in rows.items()
    }
    openai_images = {
        name: OpenAIImages(
            name, upstreams[name], _image_models(settings, name, row), _image_options(row)
        )
        for name, row in rows.items()
    }
    speech_engines = {
        name: OpenAISpeech(name, upstreams[name], _speech_models(settings, name, row))
        for name, row in rows.items()
    }
    transcription_engines = {
        name: OpenAITranscription(name, upstreams[name], _names(settings, name, row, ModelType.ASR))
        for name, row in rows.items()
    }
    image_engines = {name: upstream.engine for name, upstream in image_upstreams.items()}
    looks: dict[str, Look] = {
        name: partial(names_listed, upstream) for name, upstream in upstreams.items()
    }
    looks |= {name: upstream.look for name, upstream in apart.items()}
    try:
        yield Upstreams(
            engines,
            embedding_engines,
            {**openai_images, **image_engines},
            {**openai_images, **image_engines},
            speech_engines,
            transcription_engines,
            {
                **{name: one for name, one in videos_beside.items() if one is not None},
                **{name: one.engine for name, one in video_upstreams.items()},
            },
            {
                name: _site(row, upstreams[name] if name in rows else apart[name].client)
                for name, row in settings.engines.items()
            },
            looks,
        )
    finally:
        with anyio.CancelScope(shield=True):
            for upstream in (*upstreams.values(), *(one.client for one in apart.values())):
                await upstream.aclose()


def shown_address(base_url: str) -> str:
    """Return a base URL as the operator is shown it, without a final slash.

    >>> shown_address("http://gpu:8000/v1/")
    'http://gpu:8000/v1'
    """
    address = BaseUrl.parse(base_url)
    return f"{address.scheme}://{address.authority}{address.prefix}"


def _site(row: Engine, client: HttpClient) -> EngineSite:
    load = client if isinstance(client, HttpPool) else None
    return EngineSite(row.dialect, shown_address(row.base_url), load)


async def look_at_engines(settings: Settings, *, keys: bool = False) -> dict[str, Seen]:
    """Look at each upstream engine.

    Args:
        settings: those in force.
        keys: whether they are asked something that needs the key, which may cost a token.

    Returns:
        By the engine's name what was found; its `names` are those that models here ask for, and
        that the engine's list lacks.
    """
    found = dict[str, Seen]()

    async def look(name: str, row: Engine) -> None:
        upstream = image_client(row) if is_of_images(row.dialect) else connected(row)
        try:
            if is_of_images(row.dialect):  # these refuse a wrong key whatever they are asked
                seen = await looked(partial(LISTINGS[row.dialect], upstream))
            elif is_of_videos(row.dialect):
                seen = await looked(partial(video_names_listed, upstream))
            elif keys:
                accepted = partial(_names_if_accepted, upstream, settings, name)
                seen = await looked(accepted, longest_s=_LONGEST_CHECK_S)
            else:
                seen = await looked(partial(names_listed, upstream))
        finally:
            with anyio.CancelScope(shield=True):
                await upstream.aclose()
        unlisted = _unlisted(seen.names, _expected(settings, name, row))
        found[name] = replace(seen, names=unlisted)

    async with anyio.create_task_group() as tasks:
        for name, row in settings.engines.items():
            tasks.start_soon(look, name, row)
    return {name: found[name] for name in settings.engines}


async def _names_if_accepted(upstream: HttpClient, settings: Settings, name: str) -> frozenset[str]:
    """Return the names that an engine lists, once it has accepted our key for an answer."""
    row = settings.engines[name]
    names = await names_listed(upstream)
    models = {
        settings.models[model_id].type: upstream_name
        for model_id, upstream_name in _names(settings, name, row).items()
    }
    keyed = bool(row.key)
    await expect_accepted(upstream, question_for(models, keyed=keyed), keyed=keyed)
    return names


def _unlisted(listed: frozenset[str], expected: frozenset[str]) -> frozenset[str]:
    return expected - listed if listed else listed


def _expected(settings: Settings, name: str, row: Engine) -> frozenset[str]:
    """Return the names by which an engine is asked for something."""
    if is_of_images(row.dialect):
        return expected_names(name, row, settings)
    return frozenset(_names(settings, name, row).values())


def catalogue_here(settings: Settings) -> Catalogue:
    """Return the catalogue as this machine can serve it: models without their file are not installed."""
    return catalogue_of(settings, missing_files(settings), SystemClock().now)


def chat_engine(
    name: str,
    row: Engine,
    client: HttpClient,
    names: Mapping[str, str],
    templates: Templates | None = None,
) -> ChatEngine:
    """Return an engine that answers chats.

    Args:
        name: in the configuration.
        row: likewise.
        client: reaches it.
        names: model id -> its name for the model.
        templates: renders callers' templates; None: they are rejected.
    """
    return OpenAICompatible(
        name,
        client,
        names,
        dialect=row.dialect,
        whole_as_stream=row.whole_as_stream,
        whole_timeout_s=row.whole_timeout_s,
        read_on_s=row.read_on_s,
        completions=row.completions,
        extra_params=row.extra_params,
        extra_headers=row.extra_headers,
        templates=templates,
    )


def connected(row: Engine) -> HttpClient:
    """Return the client for an engine; without its key, one that refuses to ask it."""
    try:
        key = secret(row.key)
    except ConfigurationError:
        return KeylessClient()
    return connect(
        row.base_url,
        key=key,
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


def _image_options(row: Engine) -> ImageOptions:
    images = row.images
    if images is None:
        return DEFAULT_OPTIONS
    chosen = "at_once" in images.model_fields_set
    at_once = images.at_once if chosen else DEFAULT_OPTIONS.at_once
    return ImageOptions(at_once=at_once, queue=images.queue)


def _image_models(settings: Settings, name: str, row: Engine) -> dict[str, UpstreamImageModel]:
    """Return the models that generate or edit images, by our ids."""
    return {
        model_id: UpstreamImageModel(upstream_name, _image_parameters(settings.models[model_id]))
        for kind in (ModelType.IMAGE, ModelType.INPAINT)
        for model_id, upstream_name in _names(settings, name, row, kind).items()
    }


def _speech_models(settings: Settings, name: str, row: Engine) -> dict[str, UpstreamSpeechModel]:
    return {
        model_id: UpstreamSpeechModel(upstream_name, speech.pcm_rate)
        for model_id, upstream_name in _names(settings, name, row, ModelType.TTS).items()
        if (speech := settings.models[model_id].speech) is not None
    }


def _image_parameters(entry: CatalogueModel) -> frozenset[ImageParameter]:
    limits = entry.image or entry.edit
    return frozenset() if limits is None else frozenset(limits.parameters)
