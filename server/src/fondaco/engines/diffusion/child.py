"""The child process of a diffusion model: one request, one picture."""

import sys
from collections.abc import Collection, Mapping
from pathlib import PurePath
from threading import Event
from typing import Any

from PIL import Image

from fondaco.domain.models.weights import WeightRole
from fondaco.engines.diffusion.binding import Artist, DiffusionRequest, StartImage, imported
from fondaco.workers.child import Advance, WorkerResponse, serve_long


class Diffuser:
    """Draws pictures of any size with a model that has only certain ones."""

    def __init__(self, artist: Artist) -> None:
        self._artist = artist

    @property
    def cancellable(self) -> bool:
        """Whether a picture can be stopped."""
        return self._artist.cancellable

    def handle(
        self, request: Mapping[str, Any], advance: Advance, cancelled: Event
    ) -> WorkerResponse:
        """Draw; the payload is the picture's rows of RGB."""
        size = request["width"], request["height"]
        drawing = drawing_of(request)
        drawn = self._artist.draw(drawing, advance, cancelled)
        picture = Image.frombytes("RGB", (drawn.width, drawn.height), drawn.data)
        if (canvas := drawing.canvas) is not None:
            # An edit keeps all of its source, so it is scaled; a new picture is cropped.
            picture = _kept(picture.resize((canvas.width, canvas.height)), canvas)
            return {}, picture.resize(size, Image.Resampling.LANCZOS).tobytes()
        return {}, picture.crop((0, 0, *size)).tobytes()

    def cancel(self) -> None:
        """Stop the picture in hand."""
        self._artist.cancel()


def load(launch: Mapping[str, Any]) -> Diffuser:
    """Bound the memory, and load the model."""
    if sys.platform != "win32" and launch["memory_bytes"]:
        import resource  # noqa: PLC0415 - it exists on POSIX only

        most = int(launch["memory_bytes"])
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    files = {WeightRole(role): str(file) for role, file in launch["files"].items()}
    try:
        return Diffuser(imported(launch["binding"]).open_model(files, int(launch["threads"])))
    except (RuntimeError, ValueError) as error:
        raise RuntimeError(_without_folders(str(error), files.values())) from None


def _without_folders(text: str, files: Collection[str]) -> str:
    """Return what the library says with the names of files alone: callers read it, too."""
    for file in files:
        text = text.replace(file, PurePath(file).name)
    return text


def drawing_of(request: Mapping[str, Any]) -> DiffusionRequest:
    """Return the drawing that a request describes, in a size that the model supports."""
    step = request["divisor"]
    width, height = (-(-request[side] // step) * step for side in ("width", "height"))
    canvas = request.get("canvas")
    return DiffusionRequest(
        prompt=request["prompt"],
        negative_prompt=request["negative_prompt"],
        width=width,
        height=height,
        steps=request["steps"],
        cfg_scale=request["cfg_scale"],
        seed=request["seed"],
        lora_multiplier=request["lora_multiplier"],
        canvas=_start_image(canvas, request["payload"], width, height) if canvas else None,
        strength=request["strength"],
        as_reference=request["as_reference"],
    )


def _start_image(canvas: Mapping[str, Any], payload: bytes, width: int, height: int) -> StartImage:
    """Return a picture, and the mask behind it, in the size that is drawn."""
    size = canvas["width"], canvas["height"]
    pixels = size[0] * size[1]
    picture = Image.frombytes("RGB", size, payload[: 3 * pixels])
    mask = None
    if canvas["masked"]:
        masks = Image.frombytes("L", size, payload[3 * pixels :])
        mask = masks.resize((width, height), Image.Resampling.NEAREST).tobytes()
    drawn = picture.resize((width, height), Image.Resampling.LANCZOS)
    return StartImage(width, height, drawn.tobytes(), mask)


def _kept(picture: Image.Image, canvas: StartImage) -> Image.Image:
    """Put back what the mask keeps: a model changes all pixels a little, as it goes through latents."""
    if canvas.mask is None:
        return picture
    size = canvas.width, canvas.height
    before = Image.frombytes("RGB", size, canvas.rgb)
    return Image.composite(picture, before, Image.frombytes("L", size, canvas.mask))


if __name__ == "__main__":
    serve_long(load)
