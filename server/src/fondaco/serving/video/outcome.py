"""Outcomes of jobs: the check of an engine's video, and the errors that callers of failed jobs receive."""

from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    FondacoError,
    InferenceFailedError,
    InvalidRequestError,
)
from fondaco.domain.jobs import JobFailure
from fondaco.domain.media.mp4_file import UnreadableVideoError, video_header
from fondaco.domain.media.video import VideoTask
from fondaco.ports import GeneratedVideo

MOST_VIDEO_BYTES = 256 * 2**20
_TOLERANCE_S = 0.25
"""By so much a video may be longer or shorter: a frame, or a frame of its sound."""
_ROUNDED = 16
"""A side may differ by one part in so many: engines elsewhere round 854 to 832, and 720 to 704."""
_UNCHARGED = "Nothing was charged."


def expect_video(made: GeneratedVideo, task: VideoTask) -> None:
    """Check from the file itself that an engine made the requested video.

    Raises:
        EngineError: it is none, too large, or has another size or duration, or no sound.
    """
    if len(made.file) > MOST_VIDEO_BYTES:
        raise EngineError("The model's engine sent a video that is too large.")
    try:
        header = video_header(made.file)
    except UnreadableVideoError as error:
        raise EngineError("The model's engine sent a file that is not an MP4 file.") from error
    sides = (header.width, task.width), (header.height, task.height)
    if any(abs(made - asked) * _ROUNDED > asked for made, asked in sides):
        raise EngineError(
            f"The model's engine sent a video of {header.width} x {header.height} pixels."
        )
    if abs(header.seconds - task.seconds) > _TOLERANCE_S:
        raise EngineError(f"The model's engine sent a video of {header.seconds:g} seconds.")
    if task.audio and not header.sound:
        raise EngineError("The model's engine sent a video without sound.")


def failure_of(error: FondacoError) -> JobFailure:
    """Return the failure of a job that is not retried."""
    match error:
        case InvalidRequestError():
            is_sound = "audio_url" in error.faults
            return JobFailure.SOUNDTRACK if is_sound else JobFailure.INPUT
        case EngineTimeoutError():
            return JobFailure.TIMEOUT
        case EngineUnavailableError() | EngineBusyError():
            return JobFailure.UNAVAILABLE
        case _:
            return JobFailure.ENGINE


def error_of(failure: JobFailure) -> FondacoError:
    """Return the error for the caller of a failed job. Source: POST /video/retrieve, responses."""
    match failure:
        case JobFailure.SOUNDTRACK:
            return _refused("audio_url", "It cannot be read as WAV or MP3 of at most 30 seconds.")
        case JobFailure.INPUT:
            return _refused("", "The model could not use it.")
        case JobFailure.UNAVAILABLE:
            return EngineUnavailableError(
                f"The model is at capacity, or its engine is not installed. {_UNCHARGED} Please try "
                "again later."
            )
        case JobFailure.TIMEOUT:
            return InferenceFailedError(f"The video took too long to make. {_UNCHARGED}")
        case JobFailure.INTERRUPTED:
            return InferenceFailedError(
                f"The server stopped during each attempt at the video. {_UNCHARGED}"
            )
        case JobFailure.ENGINE:
            return InferenceFailedError(f"The model failed to make the video. {_UNCHARGED}")


def _refused(field_path: str, what: str) -> InvalidRequestError:
    name = field_path or "The request"
    return InvalidRequestError(
        f"{name} cannot be used. {what} {_UNCHARGED}", faults={field_path: (what,)}
    )
