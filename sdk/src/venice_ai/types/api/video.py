"""Videos: quotes, progress, and files.

Source: POST /video/quote, /video/queue, /video/retrieve, /video/complete; GET /video/jobs.
"""

import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field

from venice_ai.types._camel import Camel
from venice_ai.types._exact import ExactReply
from venice_ai.types._timestamps import Moment
from venice_ai.types._wire import Reply

__all__ = [
    "QueuedVideo",
    "VideoCompletion",
    "VideoFile",
    "VideoInput",
    "VideoJob",
    "VideoJobList",
    "VideoQuote",
    "VideoResolution",
    "VideoStatus",
]

VideoInput: TypeAlias = str | bytes | os.PathLike[str]
"""An image or a sound: an `http` address or a data URL as text, the bytes of a file, or its path."""
VideoResolution: TypeAlias = Literal["1080p", "720p", "480p"]


class VideoQuote(ExactReply):
    """Price of a video."""

    quote: Decimal
    """In USD."""


class QueuedVideo(Reply):
    """A video that is queued."""

    model: str
    queue_id: str
    """The secret to retrieve the video. If it is lost, the video cannot be retrieved."""


class VideoStatus(Reply):
    """A video that is not complete."""

    status: Literal["PROCESSING"] = "PROCESSING"
    average_execution_time: float
    """Average time that the model's last videos took, in milliseconds; 0 before the first."""
    execution_duration: float
    """Time since work on the video began, in milliseconds; 0 while it waits."""
    progress: float | None = None
    """The completed share, 0 to 1, if the server reports it."""
    waits: bool | None = None
    """Whether it waits for others, if the server reports it."""


class VideoFile(Reply):
    """A complete video."""

    content: bytes = Field(repr=False)
    """The file."""
    media_type: str
    """Such as `video/mp4`."""

    def save(self, path: str | Path) -> Path:
        """Write the file, and return where it is."""
        Path(path).write_bytes(self.content)
        return Path(path)


class VideoCompletion(Reply):
    """Outcome of a request to delete a video."""

    success: bool


class VideoJob(Camel):
    """A video that was queued, without its content and without the secret that retrieves it."""

    id: str
    """The `request_id` of its charges."""
    model: str
    state: Literal["queued", "running", "completed", "failed"]
    progress: float
    """The share that is done, 0 to 1."""
    created_at: datetime
    ended_at: Moment = None
    """Time at which it was complete, or failed."""
    usd: Decimal
    """Its charge; until it has ended, what is held for it."""
    diem: Decimal
    error: str | None = None
    """Why it failed."""


class VideoJobList(ExactReply):
    """Videos of the account, the newest first; each is listed until it is deleted."""

    data: list[VideoJob]
