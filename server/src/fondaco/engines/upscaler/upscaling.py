"""The upscaler's public face: a picture, enlarged and perhaps enhanced."""

from dataclasses import dataclass

import numpy as np

from fondaco.domain.media.image_upscale import UPSCALED_PIXELS, Enhancement
from fondaco.domain.media.picture import RGB, RGBA
from fondaco.engines.upscaler.enhancing.redrawing import redraw
from fondaco.engines.upscaler.enlarging import MOST_DRAWN, enlarge, restore, sharpen
from fondaco.engines.upscaler.network import FACTOR, UpscalerNetworks
from fondaco.engines.upscaler.planes import Pixels, scaled
from fondaco.engines.upscaler.transparency import enlarged_alpha, filled

_DETAILS = 0.5
"""The share of a picture's own lines and noise that plain enlarging keeps. Without them faces look
like plastic; with all of them, noise comes back."""
_SHARPER = 0.5
"""Rise of the contrast of edges in pictures that are too large for the network."""


@dataclass(frozen=True, slots=True)
class Upscaled:
    """An enlarged picture."""

    pixels: Pixels
    """[height, width, bands], of as many bands as the picture had."""
    understood: bool = True
    """Whether the prompt named a look that is known, or there was none."""


def upscale(
    picture: Pixels,
    width: int,
    height: int,
    networks: UpscalerNetworks,
    enhancement: Enhancement | None = None,
) -> Upscaled:
    """Return a picture in another size; the same call gives the same bytes.

    Args:
        picture: [height, width, 3 or 4], with straight alpha.
        width: of the result.
        height: likewise.
        networks: draw it.
        enhancement: how details are redrawn; None: the picture is only enlarged.

    Raises:
        ValueError: the size is not one to four times the picture's, or too large.
    """
    _check(picture, width, height)
    if picture.shape[2] == RGB:
        return Upscaled(*_drawn(picture, width, height, networks, enhancement))
    colours, understood = _drawn(filled(picture), width, height, networks, enhancement)
    result = np.empty((height, width, RGBA), np.uint8)
    result[..., :RGB] = colours
    del colours  # frees a full-size picture while two others exist
    result[..., RGB:] = enlarged_alpha(picture[..., RGB:], width, height, networks.network)
    return Upscaled(result, understood)


def _drawn(
    colours: Pixels,
    width: int,
    height: int,
    networks: UpscalerNetworks,
    enhancement: Enhancement | None,
) -> tuple[Pixels, bool]:
    if enhancement is not None:
        return redraw(colours, width, height, networks, enhancement)
    if colours.shape[0] * colours.shape[1] > MOST_DRAWN:
        result = scaled(colours, width, height)
        sharpen(result, _SHARPER, max(1.0, width / colours.shape[1]))
        return result, True
    result = enlarge(colours, width, height, networks.network)
    restore(result, colours, colours=1.0, details=_DETAILS)
    return result, True


def _check(picture: Pixels, width: int, height: int) -> None:
    rows, columns = picture.shape[:2]
    if width * height > UPSCALED_PIXELS:
        raise ValueError(f"{width} x {height} pixels are more than {UPSCALED_PIXELS}.")
    for wanted, side in ((width, columns), (height, rows)):
        if not side <= wanted <= FACTOR * side:
            raise ValueError(f"{side} pixels cannot become {wanted}.")
