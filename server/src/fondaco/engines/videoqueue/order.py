"""Orders: the fields by which a video is queued.

Source: Venice, `POST /video/queue`, `QueueVideoRequest`.
"""

from dataclasses import dataclass, replace

from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.video import VideoTask, nearest_ratio
from fondaco.engines.common.images.files import base64_of, png_of
from fondaco.engines.common.prompt_commands import unicode_of

_LEAST_PIXELS = 65_536
"""Of a picture that engines take. Source: POST /image/edit, `image`."""


@dataclass(frozen=True, slots=True)
class QueuedModel:
    """A video model, as an engine elsewhere runs it."""

    name: str
    """The engine's name for it."""
    aspect_ratios: tuple[str, ...]
    """Those of the model here, one of which each task has."""
    audio_configurable: bool = False
    """Whether the engine is told if a video has sound."""
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
        picture = png_of(_of_shape(task.picture, task.width, task.height))
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


def _of_shape(picture: Pixels, width: int, height: int) -> Pixels:
    """Return the middle of a picture, as wide to its height as a video: many models take their shape from it.

    A picture of which too little would be left stays as it is, and its shape is the engine's matter.
    """
    across = max(1, min(picture.width, round(picture.height * width / height)))
    down = max(1, min(picture.height, round(picture.width * height / width)))
    if (across, down) == (picture.width, picture.height) or across * down < _LEAST_PIXELS:
        return picture
    left, top = (picture.width - across) // 2, (picture.height - down) // 2
    step, row_bytes = picture.channels, picture.channels * picture.width
    rows = (
        picture.data[start + left * step : start + (left + across) * step]
        for start in range(top * row_bytes, (top + down) * row_bytes, row_bytes)
    )
    return replace(picture, width=across, height=down, data=b"".join(rows))


def _video_type(file: bytes) -> str:
    """Return the media type of a video to go by, which is MP4, MOV or WebM if it is one."""
    if file[4:8] != b"ftyp":
        return "video/webm"
    return "video/quicktime" if file[8:10] == b"qt" else "video/mp4"


def _sound_type(file: bytes) -> str:
    """Return the media type of a soundtrack, which is WAV or MP3 if it is one."""
    return "audio/wav" if file.startswith(b"RIFF") else "audio/mpeg"
