"""Image engines: validation of their tables, and the paths of their workflows."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from fondaco.configuration.schema import dotted
from fondaco.domain.models.image_model import ImageParameter
from fondaco.domain.models.model import ModelType
from fondaco.engines.comfyui.workflow import WorkflowError, read_workflow
from fondaco.engines.common.dialects import (
    DialectName,
    ImageDialectName,
    is_of_images,
    is_of_videos,
)
from fondaco.environment import expanded
from fondaco.sections import EngineImages
from fondaco.settings import Engine, Settings

_TYPES = (ModelType.IMAGE, ModelType.INPAINT)
_WITH_VIDEOS = frozenset({"comfyui", "sd-server"})
_KEYS: Mapping[str, tuple[ImageDialectName, ...]] = {
    "edit_way": ("sd-server",),
    "loras": ("automatic1111", "sd-server"),
    "overrides": ("automatic1111",),
    "workflows": ("comfyui",),
    "edit_workflows": ("comfyui",),
}
"""Key of `images` -> the dialects that have it; the others all have."""
_TURNS = frozenset({"at_once", "queue"})
"""Keys of `images` that engines have which speak OpenAI's images API."""


def faults(settings: Settings) -> Iterator[str]:
    """Yield a line for each thing about engines of images that does not fit together."""
    for engine_name, engine in settings.engines.items():
        if not is_of_images(engine.dialect):
            if engine.images is not None:
                yield from _beside_chat(engine_name, engine.dialect, engine.images)
            continue
        yield from _models(engine_name, engine, settings)
        yield from _images(engine_name, engine.dialect, engine.images or EngineImages(), settings)


def workflow_file(file: str, settings: Settings) -> Path:
    """Return the path of a workflow: below `workflows` in the home folder, unless its path is absolute."""
    return settings.home / "workflows" / (expanded(file) if file.startswith("~") else file)


def _beside_chat(engine_name: str, dialect: DialectName, images: EngineImages) -> Iterator[str]:
    """Yield the errors in an engine's `images` table, including a table without image models."""
    path = ("engines", engine_name, "images")
    if is_of_videos(dialect):
        yield f"{dotted(path)}: the dialect {dialect!r} has no such table."
        return
    for key in sorted(images.model_fields_set - _TURNS):
        yield f"{dotted((*path, key))}: the dialect {dialect!r} has no such setting."


def _models(engine_name: str, engine: Engine, settings: Settings) -> Iterator[str]:
    for model_id, model in settings.models.items():
        if engine_name not in model.engines:
            continue
        name = dotted(("models", model_id))
        types = (*_TYPES, ModelType.VIDEO) if engine.dialect in _WITH_VIDEOS else _TYPES
        if model.type not in types:
            *others, last = types
            yield (
                f"{name}.engines names {engine_name!r}, whose dialect {engine.dialect!r} runs models of type "
                f"{', '.join(others)} and {last} only."
            )
        takes_clear = engine.dialect == "comfyui"
        for key, limits in (("image", model.image), ("edit", model.edit)):
            asked = () if limits is None else limits.parameters
            if ImageParameter.BACKGROUND in asked and not takes_clear:
                yield (
                    f"{name}.{key}.parameters names 'background', which the dialect {engine.dialect!r} of "
                    f"{engine_name!r} does not have."
                )


def _images(
    engine_name: str, dialect: ImageDialectName, images: EngineImages, settings: Settings
) -> Iterator[str]:
    path = ("engines", engine_name, "images")
    for key, dialects in _KEYS.items():
        if dialect not in dialects and key in images.model_fields_set:
            yield f"{dotted((*path, key))}: the dialect {dialect!r} has no such setting."
    if dialect == "comfyui":
        yield from _workflows(engine_name, "workflows", images.workflows, settings)
        yield from _workflows(engine_name, "edit_workflows", images.edit_workflows, settings)
        yield from _missing_workflows(engine_name, images, settings)


def _workflows(
    engine_name: str, key: str, files: Mapping[str, str], settings: Settings
) -> Iterator[str]:
    edits = key == "edit_workflows"
    kind = ModelType.INPAINT if edits else ModelType.IMAGE
    for model_id, file in files.items():
        name = dotted(("engines", engine_name, "images", key, model_id))
        model = settings.models.get(model_id)
        if model is None or model.type is not kind or engine_name not in model.engines:
            yield f"{name}: this engine runs no model {model_id!r} of type {kind.value}."
            continue
        where = workflow_file(file, settings)
        try:
            read_workflow(where, edits=edits)
        except WorkflowError as error:
            yield f"{name}: the workflow {str(where)!r} cannot be used: {error}"


def _missing_workflows(engine_name: str, images: EngineImages, settings: Settings) -> Iterator[str]:
    for model_id, model in settings.models.items():
        edits = model.type is ModelType.INPAINT and engine_name in model.engines
        if edits and model_id not in images.edit_workflows:
            name = dotted(("engines", engine_name, "images", "edit_workflows", model_id))
            yield f"{name} is missing. Name the file of the workflow that edits with this model."
