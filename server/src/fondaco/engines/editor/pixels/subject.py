"""What stands out from a background: found by a network, refined along the picture's edges, cut out."""

from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageFilter

from fondaco.engines.editor.errors import UnsuitedError
from fondaco.engines.editor.instructions.operations import Colour
from fondaco.engines.editor.pixels.raster import (
    Bytes,
    Floats,
    Raster,
    bands,
    brightness,
    resized,
    to_bytes,
    to_floats,
)
from fondaco.engines.editor.pixels.smoothing import guided

_SIDE = 320
"""The network sees a square of so many pixels, whatever the picture's shape."""
_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)
_SURE = 0.5
_LEAST_SHARE, _MOST_SHARE = 0.004, 0.985
"""Of the picture: less is no subject, more leaves no background."""
_REFINED_PIXELS = 1_000_000
_SOFTNESS = 1e-4
_LOW, _HIGH = 0.12, 0.88
"""Below and above, opacity is taken for none and all."""
_FRINGE = 0.006
"""Of the shorter side: how far the subject's own colour reaches over its edge."""


class SubjectNetwork:
    """U2-Net's small version with its weights: which pixels a viewer looks at.

    Source: Qin et al., "U2-Net: Going Deeper with Nested U-Structure for Salient Object Detection", 2020.
    """

    def __init__(self, model: Path, *, threads: int = 1) -> None:
        """Load the network, in 0.1 s.

        Args:
            model: the file `u2netp.onnx`; [1, 3, 320, 320] in ImageNet's scale in, the first of its
                outputs is the map.
            threads: of one picture.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(model), options)
        self._input: str = self._session.get_inputs()[0].name
        self._output: str = self._session.get_outputs()[0].name

    def opacity(self, raster: Raster) -> Bytes:
        """Return the opacity [height, width] of the subject: 255 where it is, 0 in the background.

        Raises:
            UnsuitedError: nothing stands out, or everything does.
        """
        rough = self._map(raster.image)
        share = float((rough > _SURE).mean())
        if not _LEAST_SHARE < share < _MOST_SHARE:
            raise UnsuitedError(
                "No subject that stands out from a background was found in the picture."
            )
        small, _ = raster.within(_REFINED_PIXELS)
        guide = brightness(to_floats(np.asarray(small)))
        enlarged = Image.fromarray(to_bytes(rough)).resize(small.size, Image.Resampling.BICUBIC)
        radius = max(2, round(min(small.size) / 90))
        fine = guided(guide, to_floats(np.asarray(enlarged)), radius, _SOFTNESS)
        steep = np.clip((fine - _LOW) / (_HIGH - _LOW), 0, 1)
        return resized(to_bytes(np.asarray(steep, np.float32)), raster.width, raster.height)

    def _map(self, image: Image.Image) -> Floats:
        """Return how much each pixel belongs to the subject, [320, 320]."""
        small = image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
        rgb = np.asarray(small).astype(np.float32)
        rgb = (rgb / max(float(rgb.max()), 1.0) - _MEAN) / _DEVIATION
        blob = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32)
        found = self._session.run([self._output], {self._input: blob})[0][0, 0]
        most = float(found.max())
        return np.asarray(found / most if most > _SURE else found, np.float32)


def cut_out(raster: Raster, opacity: Bytes) -> Raster:
    """Return the subject alone; along its edge it gets its own colour, none of the background's."""
    return raster.with_rgb(_own_colours(raster, opacity)).with_alpha(opacity)


def filled(raster: Raster, opacity: Bytes, colour: Colour) -> Raster:
    """Return the subject before one colour, opaque."""
    subject = Raster(_own_colours(raster, opacity))
    plain = Raster(np.broadcast_to(np.array(colour, np.uint8), raster.rgb.shape))
    return plain.mixed(subject, to_floats(opacity))


def before_blur(raster: Raster, opacity: Bytes, strength: float) -> Raster:
    """Return the subject before its background out of focus, into which nothing of the subject runs."""
    small, scale = raster.within(_REFINED_PIXELS)
    radius = max(2.0, 0.022 * raster.shorter * strength) * scale
    behind = to_bytes(1 - to_floats(resized(opacity, *small.size)))
    weight = to_floats(behind)
    rgb = to_floats(np.asarray(small)) * weight[..., None]
    soft = ImageFilter.GaussianBlur(radius)
    spread = to_floats(np.asarray(Image.fromarray(to_bytes(rgb)).filter(soft)))
    reach = to_floats(np.asarray(Image.fromarray(behind).filter(soft)))[..., None]
    far = np.where(reach > 0.02, spread / np.maximum(reach, 0.02), to_floats(np.asarray(small)))
    blurred = resized(to_bytes(np.asarray(far, np.float32)), raster.width, raster.height)
    return raster.with_rgb(blurred).mixed(raster, to_floats(opacity))


def _own_colours(raster: Raster, opacity: Bytes) -> Bytes:
    """Return the picture with the subject's colours carried over its edge.

    Where the subject ends, pixels are mixtures with the background; before another one they would be
    a fringe.
    """
    radius = max(1.0, _FRINGE * raster.shorter)
    inner = np.where(opacity > 242, 255, 0).astype(np.uint8)
    soft = ImageFilter.GaussianBlur(radius)
    reach = np.asarray(Image.fromarray(inner).filter(soft))
    inside = np.where(inner[..., None] > 0, raster.rgb, 0).astype(np.uint8)
    spread = np.asarray(Image.fromarray(inside).filter(soft))
    result = raster.rgb.copy()
    for rows in bands(raster.height, raster.width):
        weight = reach[rows].astype(np.float32)[..., None]
        carried = spread[rows].astype(np.float32) * 255 / np.maximum(weight, 1)
        edge = ((opacity[rows] <= 242) & (reach[rows] > 24))[..., None]
        result[rows] = np.where(edge, np.clip(carried, 0, 255), result[rows]).astype(np.uint8)
    return result
