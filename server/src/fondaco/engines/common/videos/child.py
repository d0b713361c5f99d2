"""The child process that makes an engine's video into an MP4 file: one request, one video."""

import sys
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any

from fondaco.engines.common.videos.encoder import encode_video
from fondaco.engines.common.videos.frames import UnusableVideoError, frames_in
from fondaco.engines.common.videos.planes import Planes
from fondaco.workers.child import Advance, WorkerResponse, serve_long

_TOLD_FRAMES = 8
"""Between reports of progress, at which the work can be ended, too."""


class UnwantedVideoError(Exception):
    """The video is no longer needed."""


class _Maker:
    """Makes video after video."""

    cancellable = True

    def handle(
        self, request: Mapping[str, Any], advance: Advance, cancelled: Event
    ) -> WorkerResponse:
        """Return an MP4 file; the payload is an AVI file.

        Instead of a video there may be `refused`, a message that says why.
        """
        size, count = (request["width"], request["height"]), request["count"]

        def told(frames: Iterator[Planes]) -> Iterator[Planes]:
            for number, frame in enumerate(frames):
                if cancelled.is_set():
                    raise UnwantedVideoError
                if number % _TOLD_FRAMES == 0:
                    advance(number, count)
                yield frame

        frames = frames_in(request["payload"], size, count, request["least"])
        try:
            return {}, encode_video(told(frames), size, fps=request["fps"], count=count)
        except UnusableVideoError as error:
            return {"refused": str(error)}, b""

    def cancel(self) -> None:
        """Do nothing: the next frame notices."""


def load(launch: Mapping[str, Any]) -> _Maker:
    """Bound the memory, and return the request handler."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        most = int(launch["memory_bytes"])
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    return _Maker()


if __name__ == "__main__":
    serve_long(load)
