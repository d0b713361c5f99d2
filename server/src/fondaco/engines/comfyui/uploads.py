"""Uploads of a job's pictures, which are overwritten afterwards."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from fondaco.engines.comfyui.api import ComfyApi, upload_name
from fondaco.engines.comfyui.workflow import Placeholder
from fondaco.engines.common.images.supervision import clean_up


@asynccontextmanager
async def uploaded(
    api: ComfyApi, files: Mapping[Placeholder, bytes]
) -> AsyncGenerator[dict[Placeholder, object]]:
    """Bring pictures to the engine, and yield its names for them; what is left of them there is blanked afterwards.

    Raises:
        EngineError: the engine does not take one.
    """
    brought: list[str] = []
    names: dict[Placeholder, object] = {}
    try:
        for placeholder, file in files.items():
            name = upload_name()
            brought.append(name)  # before the upload: a cancelled one may still have arrived
            await api.upload(name, file)
            names[placeholder] = f"{name} [temp]"
        yield names
    finally:
        await clean_up(*[partial(api.blank, name) for name in brought])
