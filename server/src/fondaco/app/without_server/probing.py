"""Probes of every engine of a configuration, without a server, each within a time limit."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import anyio

from fondaco.app.engines import catalogue_here, look_at_engines, opened_templates
from fondaco.app.local_engines import LocalEngines, opened_local_engines
from fondaco.configuration import (
    CAMERA,
    DIFFUSION,
    EDITOR,
    EMBEDDED,
    PAINTER,
    UPSCALER,
    WHISPER,
    missing_files,
)
from fondaco.domain.models.model import ModelType
from fondaco.serving.routing.reachability import Seen, looked
from fondaco.settings import Settings


class _Probed(Protocol):
    async def probe(self) -> None: ...


async def probe_upstream_engines(settings: Settings, *, longest_s: float) -> dict[str, Seen]:
    """Ask each engine that is reached over HTTP for one token, all at a time."""
    found = dict[str, Seen]()

    async def probe(name: str) -> None:
        one = settings.model_copy(update={"engines": {name: settings.engines[name]}})
        found[name] = Seen("TimeoutError", f"It does not respond within {longest_s:.0f} seconds.")
        with anyio.move_on_after(longest_s):
            found[name] = (await look_at_engines(one, keys=True))[name]

    async with anyio.create_task_group() as tasks:
        for name in settings.engines:
            tasks.start_soon(probe, name)
    return {name: found[name] for name in settings.engines}


async def probe_local_engines(settings: Settings, *, longest_s: float) -> dict[str, Seen]:
    """Start each engine on this machine that has a model here, one after the other, and probe it."""
    missing = missing_files(settings)
    rows = {name: row for name, row in settings.models.items() if name not in missing}
    here = settings.model_copy(update={"models": rows})
    used = {
        (engine, row.type is ModelType.EMBEDDING)
        for row in rows.values()
        if not row.offline
        for engine in row.engines
    }
    async with (
        opened_templates() as templates,
        opened_local_engines(here, catalogue_here(here), templates) as local,
    ):
        return {
            f"{name} (embeddings)" if embeds and name == EMBEDDED else name: await looked(
                partial(_probed, engine.probe), longest_s=longest_s
            )
            for (name, embeds), engine in _engines(local).items()
            if (name, embeds) in used
        }


def _engines(local: LocalEngines) -> dict[tuple[str, bool], _Probed]:
    """Return the engines by their names, and by whether they make embeddings: one does both."""
    others: dict[str, _Probed] = {
        EMBEDDED: local.embedded,
        PAINTER: local.painter,
        EDITOR: local.editor,
        UPSCALER: local.upscaler,
        DIFFUSION: local.diffusion,
        WHISPER: local.whisper,
        **local.speakers,
        CAMERA: local.cameras[CAMERA],
    }
    embedders = {(name, True): workers for name, workers in local.embeddings.items()}
    return {**{(name, False): engine for name, engine in others.items()}, **embedders}


async def _probed(probe: Callable[[], Awaitable[None]]) -> frozenset[str]:
    await probe()
    return frozenset()
