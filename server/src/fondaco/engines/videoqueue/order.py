"""Orders: the fields of a request that queues a video.

Source: Venice, `POST /video/queue`, `QueueVideoRequest`.
"""

from dataclasses import dataclass

from fondaco.domain.media.video import VideoTask, nearest_ratio
from fondaco.engines.common.images.files import base64_of, of_shape, png_of
from fondaco.engines.common.prompt_commands import unicode_of


@dataclass(frozen=True, slots=True)
class QueuedModel:
    """A video model, as an engine elsewhere runs it."""

    name: str
    """The engine's name for it."""
    aspect_ratios: tuple[str, ...]
    """Those of the model here, one of which each task has."""
    audio_configurable: bool = False
    """Whether requests say if a video has sound."""
    omitted: frozenset[str] = frozenset()
    """Fields that the engine refuses, and so does not get."""


def fields_of(task: VideoTask, model: QueuedModel) -> dict[str, object]:
    """Return the fields of a task's request; blocking, as its picture becomes a PNG."""
    fields: dict[str, object] = {
        "model": model.name,
        "prompt": unicode_of(task.prompt),
        "duration": f"{task.seconds}s",
        "resolution": f"{min(task.width, task.height)}p",
        "aspect_ratio": nearest_ratio(task.width, task.height, model.aspect_ratios),
    }
    if task.negative_prompt:
        fields["negative_prompt"] = unicode_of(task.negative_prompt)
    if model.audio_configurable:
        fields["audio"] = task.audio
    if task.picture is not None:
        picture = png_of(of_shape(task.picture, task.width, task.height))
        fields["image_url"] = f"data:image/png;base64,{base64_of(picture)}"
    if task.soundtrack is not None:
        fields["audio_url"] = (
            f"data:{_sound_type(task.soundtrack)};base64,{base64_of(task.soundtrack)}"
        )
    if task.reference is not None:
        fields["video_url"] = (
            f"data:{_video_type(task.reference)};base64,{base64_of(task.reference)}"
        )
    return {name: value for name, value in fields.items() if name not in model.omitted}


def _video_type(file: bytes) -> str:
    """Return the media type of a source video: MP4, MOV or WebM."""
    if file[4:8] != b"ftyp":
        return "video/webm"
    return "video/quicktime" if file[8:10] == b"qt" else "video/mp4"


def _sound_type(file: bytes) -> str:
    """Return the media type of a soundtrack, which is WAV or MP3 if it is one."""
    return "audio/wav" if file.startswith(b"RIFF") else "audio/mpeg"
