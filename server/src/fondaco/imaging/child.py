"""The child process that reads and writes image files; `codec` starts it and sends requests over its pipes."""

import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fondaco.domain.media.image_file import Format, Header
from fondaco.domain.media.picture import Encoding, Picture, PictureFile, Pixels, Protected
from fondaco.workers.child import Handler, WorkerResponse, serve

if TYPE_CHECKING:
    from PIL import Image

    from fondaco.imaging.adult import AdultClassifier

MEMORY_LIMIT_BYTES = 2 * 2**30
"""Of addresses: what a picture of the most pixels takes several times over."""


def load(launch: Mapping[str, Any]) -> Handler:
    """Load Pillow, and limit the memory that a file can take."""
    # A missing package is reported, not a crash.
    from fondaco.imaging.reading import UnusablePictureError, pixels_of  # noqa: PLC0415
    from fondaco.imaging.writing import file_of, fitted, restored  # noqa: PLC0415

    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        limit = launch["memory_limit_bytes"]
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    safe_mode = SafeMode(Path(launch["classifier"]), launch["adult_threshold"])

    def handle(request: Mapping[str, Any]) -> WorkerResponse:
        try:
            if "within" not in request:
                protected = _protected(request)
                image = fitted(_picture(request), request["width"], request["height"])
                if protected is not None:
                    image = restored(image, protected)
                fields: dict[str, Any] = {}
                if request["safe_mode"]:
                    image, fields["blurred"] = safe_mode.applied(image)
                return fields, file_of(image, _encoding(request))
            pixels = pixels_of(request["payload"], _header(request), request["within"])
        except UnusablePictureError:
            return {"fault": "unusable"}, b""
        shape = {"width": pixels.width, "height": pixels.height, "channels": pixels.channels}
        return shape, pixels.data

    return handle


class SafeMode:
    """Blurs adult pictures, where the classifier is installed."""

    def __init__(self, classifier: Path, threshold: float) -> None:
        self._file = classifier
        self._threshold = threshold

    def applied(self, image: "Image.Image") -> "tuple[Image.Image, bool | None]":
        """Return a picture, blurred if it is adult, and whether it was; None: nothing can tell."""
        if find_spec("onnxruntime") is None or not self._file.is_file():
            return image, None
        from fondaco.imaging.adult import blurred  # noqa: PLC0415 - only where it is installed

        adult = _classifier(self._file).score(image) >= self._threshold
        return (blurred(image) if adult else image), adult


@cache
def _classifier(file: Path) -> "AdultClassifier":
    from fondaco.imaging.adult import AdultClassifier  # noqa: PLC0415 - only where it is installed

    return AdultClassifier(file)


def _header(request: Mapping[str, Any]) -> Header:
    return Header(Format(request["format"]), request["width"], request["height"])


def _encoding(request: Mapping[str, Any]) -> Encoding:
    return Encoding(
        Format(request["format"]), request["quality"], request["exif"], request["parameters"]
    )


def _picture(request: Mapping[str, Any]) -> Picture:
    data = request.get("payload", b"")
    if (behind := request.get("protected")) is not None:
        data = data[: behind["bytes"]]
    if (pixels := request["pixels"]) is None:
        return PictureFile(data)
    width, height, channels = pixels
    return Pixels(width, height, data, channels)


def _protected(request: Mapping[str, Any]) -> Protected | None:
    """Return the options behind the picture in a request."""
    if (behind := request.get("protected")) is None:
        return None
    start, found = behind["bytes"], []
    for width, height, channels in (behind["picture"], behind["mask"]):
        end = start + width * height * channels
        found.append(Pixels(width, height, request["payload"][start:end], channels))
        start = end
    return Protected(*found)


if __name__ == "__main__":
    serve(load)
