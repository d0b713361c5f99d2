"""The requests and the responses of POST /video/quote, /video/queue, /video/retrieve and /video/complete.

Source: POST /video/queue, `QueueVideoRequest`; POST /video/retrieve, `RetrieveVideoRequest`;
POST /video/complete, `CompleteVideoRequest`.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from fondaco.domain.media.picture_source import PictureSource
from fondaco.domain.media.video import (
    DEFAULT_NEGATIVE_PROMPT,
    LONGEST_PROMPT,
    MediaSource,
    VideoRequest,
)
from fondaco.http.endpoint.fields import Schema, Strict

EXAMPLE_QUEUE_ID = "123e4567-e89b-12d3-a456-426614174000"
_VIDEO: JsonDict = {
    "model": "default",
    "prompt": "Pan slowly over the lagoon of Venice at dusk.",
    "duration": "5s",
    "resolution": "480p",
}
_QUEUED: JsonDict = {"model": "default", "queue_id": EXAMPLE_QUEUE_ID}
_Name = Annotated[str, Field(min_length=1, max_length=1000)]
_Medium = Annotated[str, Field(pattern="^([hH][tT][tT][pP][sS]?://|[dD][aA][tT][aA]:)")]


class QueueVideoRequest(Strict):
    """A video to make. Limits of the model are those that GET /api/v1/models?type=video lists."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VIDEO]})

    model: _Name = Field(
        description="Id, trait or compatible name of a video model.", examples=["default"]
    )
    prompt: str = Field(
        min_length=1,
        max_length=LONGEST_PROMPT,
        description="What the video shows, and how the camera moves.",
        examples=["Commerce being conducted in the city of Venice, Italy."],
    )
    negative_prompt: str = Field(
        DEFAULT_NEGATIVE_PROMPT, max_length=LONGEST_PROMPT, description="What it must not show."
    )
    duration: str = Field(
        pattern="^[1-9][0-9]?s$",
        description="How long it lasts: one of the model's `durations`.",
        examples=["5s"],
    )
    aspect_ratio: str | None = Field(
        None,
        pattern="^[1-9][0-9]?:[1-9][0-9]?$",
        description="Width to height: one of the model's `aspect_ratios`; absent: that of them which is "
        "nearest to the image, or without one the first.",
        examples=["16:9"],
    )
    resolution: Literal["1080p", "720p", "480p"] = Field(
        "720p", description="Its shorter side: one of the model's `resolutions`."
    )
    audio: bool | None = Field(
        None,
        description="Whether it has sound, for models whose `audio_configurable` is true; absent: as the "
        "model has it.",
        examples=[True],
    )
    image_url: _Medium | None = Field(
        None,
        description="The image that it begins with, for models that make videos of images: an address or a "
        "data URL of a PNG, JPEG, WebP or GIF.",
        examples=["https://example.com/still.png", "data:image/png;base64,..."],
    )
    audio_url: _Medium | None = Field(
        None,
        description="Its music, for models that take one: an address or a data URL of a WAV or MP3 of at "
        "most 30 seconds and 15 MiB.",
        examples=["https://example.com/music.mp3", "data:audio/mpeg;base64,..."],
    )
    video_url: _Medium | None = Field(
        None,
        description="A video to go by, for models that take one.",
        examples=["https://example.com/model.mp4", "data:video/mp4;base64,..."],
    )

    def to_domain(self) -> VideoRequest:
        """Return the request that the platform serves."""
        return VideoRequest(
            model=self.model,
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            seconds=int(self.duration.removesuffix("s")),
            aspect_ratio=self.aspect_ratio,
            resolution=self.resolution,
            audio=self.audio,
            picture=None if self.image_url is None else PictureSource(self.image_url, "image_url"),
            soundtrack=None if self.audio_url is None else MediaSource(self.audio_url, "audio_url"),
            reference=None if self.video_url is None else MediaSource(self.video_url, "video_url"),
        )


class QueuedVideoRequest(Strict):
    """A video that was queued."""

    model: _Name = Field(
        description="The model that makes it, by any of its names.", examples=["default"]
    )
    queue_id: _Name = Field(
        description="As POST /api/v1/video/queue returned it.", examples=[EXAMPLE_QUEUE_ID]
    )


class RetrieveVideoRequest(QueuedVideoRequest):
    """A video to retrieve."""

    model_config = ConfigDict(json_schema_extra={"examples": [_QUEUED]})

    delete_media_on_completion: bool = Field(
        default=False,
        description="Whether to delete the video once all of it was sent. Otherwise it is kept for 24 "
        "hours, or until POST /api/v1/video/complete.",
    )


class CompleteVideoRequest(QueuedVideoRequest):
    """A video to delete."""

    model_config = ConfigDict(json_schema_extra={"examples": [_QUEUED]})


class _Shown(Schema):
    model_config = ConfigDict(extra="forbid")


class VideoQuote(_Shown):
    """Price of a video."""

    quote: float = Field(description="In USD, exactly what is charged.", examples=[0.05])


class QueuedVideo(_Shown):
    """A video that is queued."""

    model: str = Field(description="The id of the model that makes it.")
    queue_id: str = Field(
        description="The secret by which the video is retrieved: the server keeps only its hash, and "
        "nobody else can decrypt the video.",
        examples=[EXAMPLE_QUEUE_ID],
    )


class VideoProgress(_Shown):
    """A video that is not complete."""

    status: Literal["PROCESSING"]
    average_execution_time: float = Field(
        description="How long the last videos of the model took to make, in milliseconds; 0 before the "
        "first.",
        examples=[145000],
    )
    execution_duration: float = Field(
        description="How long it is being made already, in milliseconds; 0 while it waits.",
        examples=[53200],
    )


class VideoDeletion(_Shown):
    """Outcome of a request to delete a video."""

    success: bool = Field(description="Whether it was deleted; false while it is being made.")


class VideoJobsQuery(Strict):
    """Selects jobs."""

    limit: Annotated[int, Field(strict=False)] = Field(
        100, ge=1, le=500, description="How many jobs are listed at most."
    )


class VideoJob(_Shown):
    """A video that was ordered, without its content and without the secret that retrieves it."""

    id: str = Field(
        description="As the `requestId` of its charges.",
        examples=["video-0b5c1f0e2d3a4b5c6d7e8f9012345678"],
    )
    model: str = Field(description="The id of the model that makes it.")
    state: Literal["queued", "running", "completed", "failed"]
    progress: float = Field(description="The share that is done, 0 to 1.")
    createdAt: str = Field(description="When it was ordered.")  # noqa: N815  # the wire's names
    endedAt: str | None = Field(description="When it was complete, or failed.")  # noqa: N815
    usd: float = Field(
        description="What it cost in USD; until it has ended, what is held for it. 0 if it failed."
    )
    diem: float = Field(description="Likewise in DIEM.")
    error: str | None = Field(description="Why it failed; else null.")


class VideoJobList(_Shown):
    """Jobs of the account, the newest first; a job is listed until its video is deleted."""

    data: list[VideoJob]
