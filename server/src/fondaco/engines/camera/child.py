"""The child process of the camera: one request, one video."""

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from fondaco.domain.media.picture import RGB, RGBA
from fondaco.engines.camera.filming import Filming, filmed
from fondaco.engines.camera.shot import shot_of
from fondaco.engines.common.videos.planes import Rgb
from fondaco.engines.common.videos.soundtrack import UnreadableSoundError, silence, soundtrack_of
from fondaco.workers.child import Advance, WorkerResponse, serve_long

_BAND_ROWS = 128


class CancelledError(Exception):
    """The video is no longer needed."""


class _Camera:
    """Films still after still."""

    cancellable = True

    def __init__(self, subject_network: Path | None) -> None:
        self._subject_network = subject_network

    def handle(
        self, request: Mapping[str, Any], advance: Advance, cancelled: Event
    ) -> WorkerResponse:
        """Film; the payload is the still's rows of RGB, and behind them a soundtrack where there is one.

        Instead of a video there may be `refused`, a message about the soundtrack.
        """

        def told(done: int, total: int) -> None:
            if cancelled.is_set():
                raise CancelledError
            advance(done, total)

        seconds = request["seconds"]
        still, sound = _read(request)
        try:
            track = soundtrack_of(sound, seconds) if request["soundtrack"] else silence(seconds)
        except UnreadableSoundError as error:
            return {"refused": str(error)}, b""
        video = Filming(
            shot=shot_of(request["shot"]),
            width=request["width"],
            height=request["height"],
            seconds=seconds,
            soundtrack=track if request["audio"] else None,
        )
        return {}, filmed(still, video, self._subject_network, told)

    def cancel(self) -> None:
        """Do nothing: the next frame notices."""


def load(launch: Mapping[str, Any]) -> _Camera:
    """Bound the memory, and return the request handler."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        most = int(launch["memory_bytes"])
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    file = Path(launch["subject"])
    return _Camera(file if file.is_file() and find_spec("onnxruntime") else None)


def _read(request: Mapping[str, Any]) -> tuple[Rgb, bytes]:
    """Return the still, on white where it is transparent, and the soundtrack's file."""
    rows, columns, channels = request["rows"], request["columns"], request["channels"]
    payload = request["payload"]
    size = rows * columns * channels
    still = np.frombuffer(payload, np.uint8, size).reshape(rows, columns, channels)
    return _on_white(still) if channels == RGBA else still, payload[size:]


def _on_white(still: Rgb) -> Rgb:
    """Return a still without transparency; in bands, as the largest one has a hundred megabytes."""
    opaque = np.empty((*still.shape[:2], RGB), np.uint8)
    for top in range(0, len(still), _BAND_ROWS):
        band = still[top : top + _BAND_ROWS].astype(np.uint16)
        alpha = band[..., RGB:]
        white = 255 * (255 - alpha)
        opaque[top : top + _BAND_ROWS] = (band[..., :RGB] * alpha + white + 127) // 255
    return opaque


if __name__ == "__main__":
    serve_long(load)
