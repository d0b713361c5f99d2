"""The child process of the upscaler: one request, one picture."""

import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fondaco.domain.media.image_upscale import Enhancement
from fondaco.engines.upscaler.enhancing.redrawing import STYLED_PIXELS
from fondaco.engines.upscaler.network import Network, UpscalerNetworks
from fondaco.engines.upscaler.planes import Pixels
from fondaco.engines.upscaler.upscaling import upscale
from fondaco.workers.child import Handler, WorkerResponse, serve

if TYPE_CHECKING:
    from fondaco.engines.common.style_network import StyleNetwork


def load(launch: Mapping[str, Any]) -> Handler:
    """Bound the memory, load the network, and return the request handler."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        most = int(launch["memory_bytes"])
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    return _Upscaler(launch).answer


class _Upscaler:
    def __init__(self, launch: Mapping[str, Any]) -> None:
        network = Network(
            Path(launch["layers"]), Path(launch["weights"]), threads=launch["threads"]
        )
        self._networks = UpscalerNetworks(network, self._restyle)
        self._styles = Path(launch["styles"])
        self._threads: int = launch["threads"]

    @cached_property
    def _style_network(self) -> "StyleNetwork":
        from fondaco.engines.common.style_network import StyleNetwork  # noqa: PLC0415 - few need it

        return StyleNetwork(self._styles, threads=self._threads)

    def _restyle(self, picture: Pixels, style: str) -> Pixels:
        return self._style_network.restyled(picture, style, pixels=STYLED_PIXELS)

    def answer(self, request: Mapping[str, Any]) -> WorkerResponse:
        """Upscale; the payload is the picture's rows of RGB or RGBA, in both directions."""
        shape = (request["rows"], request["columns"], request["bands"])
        picture = np.frombuffer(request["payload"], np.uint8).reshape(shape)
        enhancement = request["enhancement"]
        done = upscale(
            picture,
            request["width"],
            request["height"],
            self._networks,
            None if enhancement is None else Enhancement(**enhancement),
        )
        return {"understood": done.understood}, done.pixels.tobytes()


if __name__ == "__main__":
    serve(load)
