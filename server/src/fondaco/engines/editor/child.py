"""The child process of the editor: one request, one edited picture."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fondaco.engines.editor.editing import Edit, Networks, edited
from fondaco.engines.editor.errors import FileMissingError, UnsuitedError
from fondaco.engines.editor.instructions.grammar import NotUnderstood, read
from fondaco.engines.editor.instructions.operations import CutOut
from fondaco.engines.editor.pixels.raster import Raster
from fondaco.engines.editor.refusal import not_understood
from fondaco.workers.child import Handler, WorkerResponse, serve


def load(launch: Mapping[str, Any]) -> Handler:
    """Bound the memory, and return the request handler; a network is loaded when it is needed."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        most = int(launch["memory_bytes"])
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    networks = Networks(Path(launch["styles"]), Path(launch["subject"]))
    return lambda request: answer(request, networks)


def answer(request: Mapping[str, Any], networks: Networks) -> WorkerResponse:
    """Edit; the payload is the picture's rows of RGB or RGBA.

    Instead of a picture there may be `refused`, a message for the caller, or `missing`, a file's name.
    """
    operations = read(request["prompt"])
    if isinstance(operations, NotUnderstood):
        return {"refused": not_understood(operations)}, b""
    if request["transparent"] and not any(isinstance(one, CutOut) for one in operations):
        operations = (*operations, CutOut())
    raster, mask = _read(request)
    size = request["size"]
    edit = Edit(
        operations=operations,
        size=None if size is None else (size[0], size[1]),
        seed=request["seed"],
        mask=mask,
    )
    try:
        result = edited(raster, edit, networks)
    except UnsuitedError as error:
        return {"refused": str(error)}, b""
    except FileMissingError as error:
        return {"missing": str(error)}, b""
    return _written(result)


def _read(request: Mapping[str, Any]) -> "tuple[Raster, np.typing.NDArray[np.uint8] | None]":
    """Return the picture, and the mask's opacity where there is one."""
    width, height, channels = request["width"], request["height"], request["channels"]
    payload = np.frombuffer(request["payload"], np.uint8)
    size = width * height * channels
    picture = payload[:size].reshape(height, width, channels)
    mask = payload[size:].reshape(height, width) if len(payload) > size else None
    if channels == 3:
        return Raster(picture), mask
    alpha = np.ascontiguousarray(picture[..., 3])
    return Raster(
        np.ascontiguousarray(picture[..., :3]), None if alpha.min() == 255 else alpha
    ), mask


def _written(raster: Raster) -> WorkerResponse:
    fields = {"width": raster.width, "height": raster.height, "channels": 3}
    if raster.alpha is None or raster.alpha.min() == 255:
        return fields, np.ascontiguousarray(raster.rgb).tobytes()
    rgba = np.dstack((raster.rgb, raster.alpha))
    return {**fields, "channels": 4}, rgba.tobytes()


if __name__ == "__main__":
    serve(load)
