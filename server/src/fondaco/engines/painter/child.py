"""The child process of the painter: one request, one picture."""

import sys
from collections.abc import Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fondaco.engines.painter.painting import PaintRequest, paint
from fondaco.workers.child import Handler, WorkerResponse, serve

if TYPE_CHECKING:
    from fondaco.engines.common.style_network import Rgb, StyleNetwork

_RESTYLED_PIXELS = 640 * 640
"""On which the style network works: strokes of a good size, in 0.2 GB and 0.4 s."""


def load(launch: Mapping[str, Any]) -> Handler:
    """Bound the memory, and return the request handler."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        most = int(launch["memory_bytes"])
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    return _Painter(Path(launch["styles"])).answer


class _Painter:
    def __init__(self, styles: Path) -> None:
        self._styles = styles

    @cached_property
    def _network(self) -> "StyleNetwork | None":
        """The style network, where it is installed; it is loaded for the first style that wants it."""
        if find_spec("onnxruntime") is None or not self._styles.is_file():
            return None
        from fondaco.engines.common.style_network import StyleNetwork  # noqa: PLC0415 - few need it

        return StyleNetwork(self._styles)

    def _restyle(self, picture: "Rgb", style: str, own_colours: bool) -> "Rgb":  # noqa: FBT001 - a `Restyle`
        if self._network is None:
            return picture
        return self._network.restyled(
            picture, style, own_colours=own_colours, pixels=_RESTYLED_PIXELS
        )

    def answer(self, request: Mapping[str, Any]) -> WorkerResponse:
        """Paint; the payload is the picture's rows of RGB."""
        picture = paint(PaintRequest(**request), self._restyle)
        fields = {
            "width": picture.width,
            "height": picture.height,
            "understood": picture.understood,
            "notes": list(picture.notes),
        }
        return fields, picture.rgb


if __name__ == "__main__":
    serve(load)
