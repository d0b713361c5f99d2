"""The models of an enclave with their engines: a llama.cpp of its own, and engines elsewhere that it alone asks."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import anyio

from fondaco.app.engines import chat_engine, connected
from fondaco.app.local.texts import launches_of
from fondaco.configuration import EMBEDDED, ENCLAVE, enclave_engine
from fondaco.domain.models.catalogue import Catalogue
from fondaco.domain.models.model import Model, ModelType
from fondaco.domain.models.names import SEALED
from fondaco.enclave.enclave_chat import SealedModel
from fondaco.engines.llamacpp.embedded import Embedded
from fondaco.ports import ChatEngine
from fondaco.settings import Settings


@asynccontextmanager
async def opened_models(
    settings: Settings, catalogue: Catalogue
) -> AsyncGenerator[Mapping[str, SealedModel]]:
    """Open the engines of an enclave; yield its models by the ids under which they take encrypted content.

    A child process of its own starts for each model at the first call, so that no cache of prompts is
    shared with calls in plain.
    """
    plain = {model.id: model for model in catalogue.models(ModelType.TEXT)}
    # In the catalogue's order; a gateway without the enclave's engines names the same models.
    ran = {
        twin.id: (plain[base], engine)
        for twin in plain.values()
        if ENCLAVE in twin.engines
        and (base := twin.id.removeprefix(SEALED)) in plain
        and (engine := enclave_engine(settings, base)) is not None
    }
    rows = settings.enclave.engines
    clients = {name: connected(row) for name, row in rows.items()}
    engines: dict[str, ChatEngine] = {
        name: chat_engine(name, row, clients[name], row.models) for name, row in rows.items()
    }
    embedded = _embedded(
        settings, catalogue, [m.id for m, name in ran.values() if name == EMBEDDED]
    )
    engines[EMBEDDED] = embedded
    try:
        async with anyio.create_task_group() as tasks:
            await tasks.start(embedded.run)
            try:
                yield {
                    twin_id: SealedModel(model, (engines[name],), _upstream(settings, name, model))
                    for twin_id, (model, name) in ran.items()
                }
            finally:
                tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            for client in clients.values():
                await client.aclose()


def _embedded(settings: Settings, catalogue: Catalogue, ids: list[str]) -> Embedded:
    launches = launches_of(settings, catalogue)
    return Embedded(
        {
            model_id: replace(launch, out_of_swap=True)
            for model_id, launch in launches.items()
            if model_id in ids
        },
        name=EMBEDDED,
        first_byte_timeout_s=settings.embedded.first_byte_timeout_s,
        total_timeout_s=settings.embedded.total_timeout_s,
    )


def _upstream(settings: Settings, engine: str, model: Model) -> dict[str, tuple[str, str]]:
    """Return by an engine elsewhere its name for a model, and its origin; nothing for the built-in engine."""
    if engine == EMBEDDED:
        return {}
    row = settings.enclave.engines[engine]
    address = urlsplit(row.base_url)
    return {engine: (row.models[model.id], f"{address.scheme}://{address.netloc}")}
