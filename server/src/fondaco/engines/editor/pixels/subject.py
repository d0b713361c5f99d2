"""Subject of a picture: its mask refined along the picture's edges, and its cut-out."""

import numpy as np
from PIL import Image, ImageFilter

from fondaco.engines.common.subject_network import SubjectNetwork
from fondaco.engines.editor.errors import UnsuitedError
from fondaco.engines.editor.instructions.operations import Colour
from fondaco.engines.editor.pixels.raster import (
    Bytes,
    Raster,
    bands,
    brightness,
    resized,
    to_bytes,
    to_floats,
)
from fondaco.engines.editor.pixels.smoothing import guided

_REFINED_PIXELS = 1_000_000
_SOFTNESS = 1e-4
_LOW, _HIGH = 0.12, 0.88
"""Below and above, opacity is taken for none and all."""
_FRINGE = 0.006
"""Of the shorter side: how far the subject's own colour reaches over its edge."""


def opacity_of(raster: Raster, network: SubjectNetwork) -> Bytes:
    """Return the opacity [height, width] of the subject: 255 where it is, 0 in the background.

    Raises:
        UnsuitedError: nothing stands out, or everything does.
    """
    rough = network.map(raster.image)
    if rough is None:
        raise UnsuitedError(
            "No subject that stands out from the background was found in the image."
        )
    small, _ = raster.within(_REFINED_PIXELS)
    guide = brightness(to_floats(np.asarray(small)))
    enlarged = Image.fromarray(to_bytes(rough)).resize(small.size, Image.Resampling.BICUBIC)
    radius = max(2, round(min(small.size) / 90))
    fine = guided(guide, to_floats(np.asarray(enlarged)), radius, _SOFTNESS)
    steep = np.clip((fine - _LOW) / (_HIGH - _LOW), 0, 1)
    return resized(to_bytes(np.asarray(steep, np.float32)), raster.width, raster.height)


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
