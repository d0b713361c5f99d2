"""The engines that the settings name, opened together and closed together."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from fondaco.configuration import EMBEDDED
from fondaco.domain.catalogue import Catalogue
from fondaco.domain.errors import ModelNotFoundError
from fondaco.domain.model import Model
from fondaco.engines.llamacpp.embedded import Embedded
from fondaco.engines.llamacpp.supervisor import Launch
from fondaco.engines.openai_compatible import OpenAICompatible
from fondaco.forms.templates import WatchedTemplates
from fondaco.modelfiles import source_of
from fondaco.ports import ChatEngine, Templates
from fondaco.settings import Engine, Settings, secret
from fondaco.system import SystemClock
from fondaco.upstream.client import Upstream
from fondaco.upstream.open import connect


@asynccontextmanager
async def opened_engines(
    settings: Settings, catalogue: Catalogue
) -> AsyncGenerator[dict[str, ChatEngine]]:
    """Open all engines; the default model's child process starts loading at once."""
    upstreams = {name: _connected(name, row) for name, row in settings.engines.items()}
    templates = WatchedTemplates(SystemClock())
    engines: dict[str, ChatEngine] = {
        name: OpenAICompatible(
            name,
            upstream,
            _names(settings, name, row),
            dialect=row.dialect,
            whole_as_stream=row.whole_as_stream,
            extra_params=row.extra_params,
            extra_headers=row.extra_headers,
            templates=templates,
        )
        for (name, row), upstream in zip(settings.engines.items(), upstreams.values(), strict=True)
    }
    embedded = _embedded(settings, catalogue, templates)
    engines[EMBEDDED] = embedded
    async with anyio.create_task_group() as tasks:
        await tasks.start(embedded.run)
        tasks.start_soon(embedded.warm_up)
        try:
            yield engines
        finally:
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await templates.aclose()
                for upstream in upstreams.values():
                    await upstream.aclose()


def default_model(catalogue: Catalogue) -> Model | None:
    """Return the model that answers where nobody names one, if there is any."""
    try:
        return catalogue.route("default").model
    except ModelNotFoundError:
        return None


def _embedded(settings: Settings, catalogue: Catalogue, templates: Templates) -> Embedded:
    """Return the embedded engine, its default model first."""
    chosen = settings.embedded
    files = {
        model.id: settings.models_folder / file
        for model in catalogue.models()
        if EMBEDDED in model.engines and (file := settings.models[model.id].file)
    }
    default = default_model(catalogue)
    launches = {
        model_id: Launch(
            model_file=files[model_id],
            threads=chosen.threads or max(1, (os.cpu_count() or 2) - 1),
            slots=chosen.slots,
            context_tokens=chosen.context_tokens,
            compact_cache=chosen.compact_cache,
            queue=chosen.queue,
            start_timeout_s=chosen.start_timeout_s,
            slot_timeout_s=chosen.first_byte_timeout_s,
            source=source_of(model_id, files[model_id].name),
        )
        for model_id in sorted(files, key=lambda one: default is None or one != default.id)
    }
    return Embedded(
        launches,
        name=EMBEDDED,
        first_byte_timeout_s=chosen.first_byte_timeout_s,
        total_timeout_s=chosen.total_timeout_s,
        templates=templates,
    )


def _connected(name: str, row: Engine) -> Upstream:
    return connect(
        row.base_url,
        key=secret(row.key) if row.key else "",
        connections=row.connections,
        connect_timeout_s=row.connect_timeout_s,
        first_byte_timeout_s=row.first_byte_timeout_s,
        total_timeout_s=row.total_timeout_s,
    )


def _names(settings: Settings, engine: str, row: Engine) -> dict[str, str]:
    """Return model id -> the engine's name for it; without a mapping, both are the same."""
    return {
        model_id: row.models.get(model_id, model_id)
        for model_id, model in settings.models.items()
        if engine in model.engines
    }
