"""The child process that reads and writes image files: started by `codec`, asked over its pipes."""

import sys
from collections.abc import Mapping
from typing import Any

from fondaco.domain.media.image_file import Format
from fondaco.domain.media.picture import Encoding, Picture, PictureFile, Pixels
from fondaco.workers.child import Handler, WorkerResponse, serve

MEMORY_LIMIT_BYTES = 2 * 2**30
"""Of addresses: what a picture of the most pixels takes several times over."""


def load(launch: Mapping[str, Any]) -> Handler:
    """Load Pillow, and limit the memory that a file can take."""
    from fondaco.imaging.pillow import (  # noqa: PLC0415 - a missing package is reported, not a crash
        UnusablePictureError,
        written,
    )

    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        limit = launch["memory_limit_bytes"]
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def handle(request: Mapping[str, Any]) -> WorkerResponse:
        encoding = Encoding(
            Format(request["format"]), request["quality"], request["exif"], request["parameters"]
        )
        try:
            file = written(_picture(request), request["width"], request["height"], encoding)
        except UnusablePictureError:
            return {"fault": "unusable"}, b""
        return {}, file

    return handle


def _picture(request: Mapping[str, Any]) -> Picture:
    data = request.get("payload", b"")
    if (pixels := request["pixels"]) is None:
        return PictureFile(data)
    width, height, channels = pixels
    return Pixels(width, height, data, channels)


if __name__ == "__main__":
    serve(load)
