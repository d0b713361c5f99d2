"""The child process that reads and writes image files: started by `codec`, asked over its pipes."""

import sys
from collections.abc import Mapping
from typing import Any

from fondaco.domain.media.image_file import Format, Header
from fondaco.domain.media.picture import Encoding, Picture, PictureFile, Pixels
from fondaco.workers.child import Handler, WorkerResponse, serve

MEMORY_LIMIT_BYTES = 2 * 2**30
"""Of addresses: what a picture of the most pixels takes several times over."""


def load(launch: Mapping[str, Any]) -> Handler:
    """Load Pillow, and limit the memory that a file can take."""
    # A missing package is reported, not a crash.
    from fondaco.imaging.reading import UnusablePictureError, pixels_of  # noqa: PLC0415
    from fondaco.imaging.writing import written  # noqa: PLC0415

    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        limit = launch["memory_limit_bytes"]
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def handle(request: Mapping[str, Any]) -> WorkerResponse:
        try:
            if "within" not in request:
                size = request["width"], request["height"]
                return {}, written(_picture(request), *size, _encoding(request))
            pixels = pixels_of(request["payload"], _header(request), request["within"])
        except UnusablePictureError:
            return {"fault": "unusable"}, b""
        shape = {"width": pixels.width, "height": pixels.height, "channels": pixels.channels}
        return shape, pixels.data

    return handle


def _header(request: Mapping[str, Any]) -> Header:
    return Header(Format(request["format"]), request["width"], request["height"])


def _encoding(request: Mapping[str, Any]) -> Encoding:
    return Encoding(
        Format(request["format"]), request["quality"], request["exif"], request["parameters"]
    )


def _picture(request: Mapping[str, Any]) -> Picture:
    data = request.get("payload", b"")
    if (pixels := request["pixels"]) is None:
        return PictureFile(data)
    width, height, channels = pixels
    return Pixels(width, height, data, channels)


if __name__ == "__main__":
    serve(load)
