"""The port of video engines."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from fondaco.domain.media.video import VideoTask

Progress: TypeAlias = Callable[[float], None]
"""Receives the completed share of a video, 0 to 1, never decreasing; it neither blocks nor raises."""


@dataclass(frozen=True, slots=True)
class GeneratedVideo:
    """A video as its engine returned it: nothing in it is believed."""

    file: bytes = field(repr=False)
    """An MP4 file: H.264 in 4:2:0, and AAC where there is sound, with its index at the front."""
    seconds: float
    """Duration in seconds."""
    width: int
    height: int
    """In pixels."""
    understood: bool = True
    """False if the engine knows that it understood nothing of the prompt."""


class RemoteJob(Protocol):
    """Note of the job by which a remote engine makes a video.

    It survives a restart of this server, which then fetches the engine's video, and does not order and
    pay for it again.
    """

    @property
    def id(self) -> str | None:
        """Note that was made before; None: nothing."""
        ...

    @property
    def lasts(self) -> bool:
        """Whether the video is fetched later if this call is cancelled or fails."""
        ...

    async def note(self, job_id: str) -> None:
        """Store the note that identifies the job."""
        ...


class UnkeptJob:
    """A `RemoteJob` of a call that is not repeated."""

    id: str | None = None
    lasts = False

    async def note(self, job_id: str) -> None:
        """Keep nothing."""


class VideoEngine(Protocol):
    """Runs a video model.

    Every method raises only errors of `domain.errors`: `EngineError` and `FieldNotTakenError` where
    another engine may still serve the call, `InvalidRequestError` where the request itself is at fault.
    """

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        ...

    async def generate(
        self, task: VideoTask, progress: Progress, remote: RemoteJob = ..., /
    ) -> GeneratedVideo:
        """Return one video of the task's size and duration; cancelling stops the work, unless `remote` lasts.

        What is built in is exact. Engines elsewhere may round sides to multiples of their own, and the duration to
        whole frames.

        Args:
            task: the video.
            progress: called on the event loop, from time to time, as the work goes on.
            remote: the job that makes it elsewhere, where the engine has such; without it, none is kept.

        Raises:
            InvalidRequestError: the soundtrack cannot be read; `faults` name `audio_url`.
            EngineError: the engine failed, or made nothing that can be a video.
        """
        ...

    async def probe(self) -> None:
        """Show that the engine can answer.

        Raises:
            EngineError: it cannot.
        """
        ...
