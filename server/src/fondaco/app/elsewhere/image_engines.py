"""Opens the engines elsewhere that make images and nothing else, each by its dialect."""

import base64
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias, assert_never

from fondaco.clients.client import HttpClient
from fondaco.clients.connect import connect
from fondaco.clients.keyless import KeylessClient, keyless_websocket
from fondaco.clients.websocket import open_websocket
from fondaco.configuration.image_engines import workflow_file
from fondaco.domain.models.model import ModelType
from fondaco.engines.automatic1111.discover import discover as discover_automatic1111
from fondaco.engines.automatic1111.engine import Automatic1111
from fondaco.engines.automatic1111.listing import names_listed as names_at_automatic1111
from fondaco.engines.comfyui.api import OpenSocket
from fondaco.engines.comfyui.discover import discover as discover_comfyui
from fondaco.engines.comfyui.engine import ComfyModels, ComfyUI
from fondaco.engines.comfyui.listing import names_listed as names_at_comfyui
from fondaco.engines.comfyui.videos import ComfyVideoModel, ComfyVideos
from fondaco.engines.comfyui.workflow import Workflow, WorkflowError, read_workflow
from fondaco.engines.common.dialects import ImageDialectName
from fondaco.engines.common.found import FoundEngine
from fondaco.engines.common.images.options import ImageOptions
from fondaco.engines.sdserver.capabilities import names_listed as names_at_sd_server
from fondaco.engines.sdserver.discover import discover as discover_sd_server
from fondaco.engines.sdserver.engine import SdServer
from fondaco.engines.sdserver.videos import SdVideoOptions, SdVideos
from fondaco.environment import ConfigurationError, secret
from fondaco.ports import VideoEngine
from fondaco.sections import EngineImages, EngineVideos
from fondaco.serving.routing.reachability import Look
from fondaco.settings import Engine, Settings

OpenedImageEngine: TypeAlias = Automatic1111 | SdServer | ComfyUI

DISCOVERIES: Mapping[ImageDialectName, Callable[[HttpClient], Awaitable[FoundEngine]]] = {
    "sd-server": discover_sd_server,
    "automatic1111": discover_automatic1111,
    "comfyui": discover_comfyui,
}
"""Dialect -> what asks an engine for its models; sd-server also answers as AUTOMATIC1111 does."""

LISTINGS: Mapping[ImageDialectName, Callable[[HttpClient], Awaitable[frozenset[str]]]] = {
    "sd-server": names_at_sd_server,
    "automatic1111": names_at_automatic1111,
    "comfyui": names_at_comfyui,
}
"""Dialect -> what asks an engine for all names that a row may use."""


@dataclass(frozen=True, slots=True)
class ImageUpstream:
    """An engine of images that is reached over HTTP."""

    client: HttpClient
    engine: OpenedImageEngine
    look: Look
    """Probe that shows whether it answers, and the names that it lists."""


def opened_image_engine(
    name: str, row: Engine, dialect: ImageDialectName, settings: Settings
) -> ImageUpstream:
    """Open an engine of images; its workflows are read here, blocking.

    Raises:
        ConfigurationError: a workflow has become unusable since the configuration was read.
    """
    images = row.images or EngineImages()
    options = _options(row, images)
    names = _names(name, row, settings)
    client = image_client(row)
    engine: OpenedImageEngine
    match dialect:
        case "automatic1111":
            engine = Automatic1111(name, client, names, options, overrides=images.overrides)
        case "sd-server":
            engine = SdServer(name, client, names, options, edit_way=images.edit_way)
        case "comfyui":
            models = ComfyModels(
                names,
                _workflows(images.workflows, settings),
                _workflows(images.edit_workflows, settings, edits=True),
            )
            engine = ComfyUI(name, client, _opener(row), models, options)
        case _:
            assert_never(dialect)
    return ImageUpstream(client, engine, partial(LISTINGS[dialect], client))


def opened_videos(
    name: str, row: Engine, client: HttpClient, settings: Settings
) -> VideoEngine | None:
    """Open what makes videos at an engine of images, if any model does; workflows are read here, blocking.

    Raises:
        ConfigurationError: a workflow has become unusable since the configuration was read.
    """
    names = _names(name, row, settings, (ModelType.VIDEO,))
    if not names:
        return None
    videos = row.videos or EngineVideos()
    options = _options(row, row.images or EngineImages())
    if row.dialect == "sd-server":
        chosen = SdVideoOptions(fps=videos.fps, steps=videos.steps)
        return SdVideos(name, client, names, options, chosen)
    models = {
        model_id: ComfyVideoModel(
            row.models.get(model_id, model_id),
            _workflow(workflow_file(file, settings), videos=True),
        )
        for model_id, file in videos.workflows.items()
    }
    return ComfyVideos(name, client, _opener(row), models, options, fps=videos.fps)


def expected_names(name: str, row: Engine, settings: Settings) -> frozenset[str]:
    """Return the names that the row of an engine of images uses, and that the engine should list.

    A workflow of the operator's loads what it likes, so the names of such models say nothing.
    """
    images = row.images or EngineImages()
    of_videos = (row.videos or EngineVideos()).workflows.keys()
    own = images.workflows.keys() | images.edit_workflows.keys() | of_videos
    names = _names(name, row, settings)
    listed = {theirs for ours, theirs in names.items() if ours not in own}
    return frozenset({*listed, images.sampler, images.scheduler} - {""})


def image_client(row: Engine) -> HttpClient:
    """Return the client for an engine of images; without its key, one that refuses to ask it."""
    try:
        key = secret(row.key)
    except ConfigurationError:
        return KeylessClient()
    is_automatic1111 = row.dialect == "automatic1111"
    login = is_automatic1111 and ":" in key
    # Its answers begin when a picture is complete; how it gets on until then, its engine watches.
    first_byte_s = row.total_timeout_s if is_automatic1111 else row.first_byte_timeout_s
    return connect(
        row.base_url,
        key="" if login else key,
        headers=basic_login(key) if login else None,
        connections=row.connections,
        connect_timeout_s=row.connect_timeout_s,
        first_byte_timeout_s=first_byte_s,
        chunk_timeout_s=row.chunk_timeout_s,
        total_timeout_s=row.total_timeout_s,
    )


def basic_login(key: str) -> dict[str, str]:
    """Return the header of a `user:password`. Source: stable-diffusion-webui, `--api-auth`."""
    return {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}


def _opener(row: Engine) -> OpenSocket:
    """Return what opens websockets at an engine; without its key, they refuse to open."""
    try:
        key = secret(row.key)
    except ConfigurationError:
        return keyless_websocket
    return partial(open_websocket, row.base_url, key=key, connect_timeout_s=row.connect_timeout_s)


def _options(row: Engine, images: EngineImages) -> ImageOptions:
    return ImageOptions(
        sampler=images.sampler,
        scheduler=images.scheduler,
        cfg_scale=images.cfg_scale,
        edit_steps=images.edit_steps,
        edit_strength=images.edit_strength,
        loras=images.loras,
        strip_commands=images.prompt_commands == "strip",
        at_once=images.at_once,
        queue=images.queue,
        first_byte_timeout_s=row.first_byte_timeout_s,
        silence_timeout_s=row.chunk_timeout_s,
        total_timeout_s=row.total_timeout_s,
    )


def _names(
    name: str, row: Engine, settings: Settings, kinds: Collection[ModelType] = tuple(ModelType)
) -> dict[str, str]:
    """Return model id -> the engine's name for it; without a mapping, both are the same."""
    return {
        model_id: row.models.get(model_id, model_id)
        for model_id, model in settings.models.items()
        if name in model.engines and model.type in kinds
    }


def _workflows(
    files: Mapping[str, str], settings: Settings, *, edits: bool = False
) -> dict[str, Workflow]:
    return {
        model_id: _workflow(workflow_file(file, settings), edits=edits)
        for model_id, file in files.items()
    }


def _workflow(path: Path, *, edits: bool = False, videos: bool = False) -> Workflow:
    try:
        return read_workflow(path, edits=edits, videos=videos)
    except WorkflowError as error:  # it was fine when the configuration was read
        raise ConfigurationError(f"The workflow {str(path)!r} cannot be used: {error}") from None
