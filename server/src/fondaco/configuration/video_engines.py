"""Video engines: validation of their tables."""

from collections.abc import Iterator, Mapping

from fondaco.configuration.built_in import BUILT_IN
from fondaco.configuration.image_engines import workflow_file
from fondaco.configuration.schema import dotted
from fondaco.domain.models.model import ModelType
from fondaco.domain.models.video_model import VideoKind
from fondaco.engines.comfyui.workflow import Placeholder, WorkflowError, read_workflow
from fondaco.engines.common.dialects import is_of_videos
from fondaco.sections import VideoLimits
from fondaco.settings import Engine, Settings

_DIALECTS = ("video-queue", "comfyui", "sd-server")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "poll_s": ("video-queue",),
    "omit": ("video-queue",),
    "workflows": ("comfyui",),
    "fps": ("comfyui", "sd-server"),
    "steps": ("sd-server",),
}
"""Key of `videos` -> the dialects that have it."""


def faults(settings: Settings) -> Iterator[str]:
    """Yield a line for each thing about engines of videos that does not fit together."""
    for engine_name, engine in settings.engines.items():
        yield from _engine(engine_name, engine)
        yield from _workflows(engine_name, engine, settings)
    yield from _models(settings)


def _engine(engine_name: str, engine: Engine) -> Iterator[str]:
    path = ("engines", engine_name, "videos")
    if engine.videos is not None and engine.dialect not in _DIALECTS:
        yield (
            f"{dotted(path)}: the dialect {engine.dialect!r} has no such table, but the dialects "
            "video-queue, comfyui and sd-server."
        )
    elif engine.videos is not None:
        for key in engine.videos.model_fields_set:
            if engine.dialect not in _KEYS[key]:
                yield f"{dotted((*path, key))}: the dialect {engine.dialect!r} has no such setting."
    if engine.discover and is_of_videos(engine.dialect):
        yield (
            f"{dotted(('engines', engine_name, 'discover'))}: models of the dialect "
            f"{engine.dialect!r} cannot be discovered. Add an entry for each."
        )


def _models(settings: Settings) -> Iterator[str]:
    for model_id, model in settings.models.items():
        name = dotted(("models", model_id))
        for engine_name in model.engines:
            engine = settings.engines.get(engine_name)
            if engine is None or engine_name in BUILT_IN:
                continue
            is_video = model.type is ModelType.VIDEO
            if is_video and engine.dialect not in _DIALECTS:
                yield (
                    f"{name}.engines names {engine_name!r}, but of engines elsewhere only those with the "
                    "dialects 'video-queue', 'comfyui' and 'sd-server' make videos."
                )
            if is_of_videos(engine.dialect) and not is_video:
                yield (
                    f"{name}.engines names {engine_name!r}, whose dialect {engine.dialect!r} runs models of "
                    "type video only."
                )
            if is_video and engine.dialect == "comfyui":
                yield from _missing_workflow(engine_name, engine, model_id)
            if is_video and engine.dialect == "sd-server":
                yield from _beyond_sd_server(model_id, model.video or VideoLimits())


def _beyond_sd_server(model_id: str, limits: VideoLimits) -> Iterator[str]:
    """Yield what a model takes and an sd-server does not."""
    if limits.kind is VideoKind.VIDEO:
        name = dotted(("models", model_id, "video", "kind"))
        yield f"{name}: models of the dialect 'sd-server' accept no source video."
    for key, is_so in (("audio", limits.audio), ("soundtrack", limits.soundtrack)):
        if is_so:
            name = dotted(("models", model_id, "video", key))
            yield f"{name}: the dialect 'sd-server' makes videos without sound."


def _missing_workflow(engine_name: str, engine: Engine, model_id: str) -> Iterator[str]:
    if engine.videos is None or model_id not in engine.videos.workflows:
        name = dotted(("engines", engine_name, "videos", "workflows", model_id))
        yield f"{name} is missing. Name the file of the workflow that makes videos with this model."


def _workflows(engine_name: str, engine: Engine, settings: Settings) -> Iterator[str]:
    files = {} if engine.videos is None else engine.videos.workflows
    for model_id, file in files.items():
        name = dotted(("engines", engine_name, "videos", "workflows", model_id))
        model = settings.models.get(model_id)
        if model is None or model.type is not ModelType.VIDEO or engine_name not in model.engines:
            yield f"{name}: this engine runs no model {model_id!r} of type video."
            continue
        where = workflow_file(file, settings)
        try:
            workflow = read_workflow(where, videos=True)
        except WorkflowError as error:
            yield f"{name}: the workflow {str(where)!r} cannot be used: {error}"
            continue
        limits = model.video or VideoLimits()
        yield from _media(name, model_id, limits, workflow.used)


def _media(
    name: str, model_id: str, limits: VideoLimits, used: frozenset[Placeholder]
) -> Iterator[str]:
    """Yield what a model takes and its workflow does not, or the other way round."""
    has_image, has_video = Placeholder.IMAGE in used, Placeholder.VIDEO in used
    goes_by_video = limits.kind is VideoKind.VIDEO
    takes_picture = limits.kind is VideoKind.IMAGE_TO_VIDEO
    limits_at = dotted(("models", model_id, "video"))
    if takes_picture and not has_image:
        yield (
            f"{name}: no node has the value {{{{image}}}}. Write it where the picture belongs, or set "
            f'{limits_at}.kind = "text-to-video".'
        )
    if has_image and not (takes_picture and limits.needs_picture):
        yield (
            f"{name}: its workflow begins with {{{{image}}}}, so {limits_at} has to be of the kind "
            '"image-to-video", with needs_picture = true.'
        )
    if goes_by_video and not has_video:
        yield (
            f"{name}: no node has the value {{{{video}}}}. Write it as the `file` of a LoadVideo node, or "
            f'set another {limits_at}.kind than "video".'
        )
    if has_video and not goes_by_video:
        yield f'{name}: its workflow loads {{{{video}}}}, so {limits_at}.kind has to be "video".'
    if limits.soundtrack:
        yield f"{limits_at}.soundtrack: the dialect 'comfyui' does not support it."
