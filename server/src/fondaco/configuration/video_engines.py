"""Engines of videos: what their rows cannot mean."""

from collections.abc import Iterator

from fondaco.configuration.built_in import BUILT_IN
from fondaco.configuration.schema import dotted
from fondaco.domain.models.model import ModelType
from fondaco.engines.common.dialects import is_of_videos
from fondaco.settings import Settings


def faults(settings: Settings) -> Iterator[str]:
    """Yield a line for each thing about engines of videos that does not fit together."""
    yield from _engines(settings)
    for model_id, model in settings.models.items():
        name = dotted(("models", model_id))
        for engine_name in model.engines:
            engine = settings.engines.get(engine_name)
            if engine is None or engine_name in BUILT_IN:
                continue
            runs_videos, is_video = is_of_videos(engine.dialect), model.type is ModelType.VIDEO
            if is_video and not runs_videos:
                yield (
                    f"{name}.engines names {engine_name!r}, but of engines elsewhere only those with the "
                    "dialect 'video-queue' make videos."
                )
            if runs_videos and not is_video:
                yield (
                    f"{name}.engines names {engine_name!r}, whose dialect {engine.dialect!r} runs models of "
                    "type video only."
                )


def _engines(settings: Settings) -> Iterator[str]:
    for engine_name, engine in settings.engines.items():
        runs_videos = is_of_videos(engine.dialect)
        if engine.videos is not None and not runs_videos:
            yield (
                f"{dotted(('engines', engine_name, 'videos'))}: the dialect {engine.dialect!r} has no such "
                "table, but the dialect video-queue."
            )
        if engine.discover and runs_videos:
            yield (
                f"{dotted(('engines', engine_name, 'discover'))}: models of the dialect {engine.dialect!r} "
                "are not discovered; write a row for each."
            )
