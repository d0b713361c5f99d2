"""Neural styles: a network that repaints a picture in one of 23 manners, at any size within little memory."""

from collections.abc import Mapping
from math import sqrt
from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Rgb: TypeAlias = NDArray[np.uint8]
"""A picture [height, width, 3]."""

STYLE_FILE = "multistyle26.onnx"
"""The network's name in the models folder."""

STYLES: Mapping[str, int] = {
    "pastel": 0,
    "comic": 1,
    "ink wash": 2,
    "travel poster": 4,
    "expressionism": 5,
    "primary colours": 7,
    "coloured pencil": 8,
    "pointillism": 9,
    "terracotta": 10,
    "pen and ink": 11,
    "impressionism": 12,
    "psychedelic": 13,
    "watercolour": 14,
    "mosaic": 15,
    "crayon": 16,
    "woodcut": 18,
    "starry night": 19,
    "crimson": 20,
    "pop art": 21,
    "cubism": 22,
    "old master": 23,
    "great wave": 24,
    "impasto": 25,
}
"""Style, named after what it looks like -> its number in the network.

The network has 26; of 3, 6 and 17 no picture comes out recognisable.
"""

_WEIGHTS = 26
_PIXELS = 768 * 768
"""The network sees a picture with about so many: 0.3 GB of memory, and strokes of a good size."""
_SMALLEST = 32
"""A side that the network can work on."""
_MULTIPLE = 4
"""Of sides: what lies between, it rounds up."""
_DETAIL = 0.7
"""Share of the fine detail, lost in scaling down, that returns as brightness."""
_GRID_BLUR = 0.5
"""Pixels of blur: enlarged, the grid of the network's last layers would show."""
_COARSE = 0.02
"""Of the shorter side: what is larger than this is light, what is smaller is a stroke."""
_OWN_LIGHT = 0.8
"""Share of the light that stays the picture's own where it keeps its colours."""
_BAND_ROWS = 256


class StyleNetwork:
    """The network with its weights: conditional instance normalization, 26 styles.

    Source: Dumoulin et al., "A Learned Representation For Artistic Style", 2017. The strokes keep their
    size relative to the picture, whatever its size.
    """

    def __init__(self, model: Path, *, threads: int = 1) -> None:
        """Load the network, in 30 ms.

        Args:
            model: the file `multistyle26.onnx`; [1, 3, h, w] of 0 to 1 and 26 weights in, the same
                shape out.
            threads: of one picture.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # The arena would keep twice the memory between pictures.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(model), options)

    def restyled(
        self, picture: Rgb, style: str | int, *, own_colours: bool = False, pixels: int = _PIXELS
    ) -> Rgb:
        """Return a picture in a style, of the same size.

        A picture of more pixels than the network works on is scaled down for it; the result is
        enlarged, and the fine detail of the picture's brightness is laid over it.

        Args:
            picture: any size.
            style: a key of `STYLES`, or a number that it maps to.
            own_colours: whether the picture keeps its colours and its light, and gets the strokes alone.
            pixels: that the network works on; fewer are quicker, and the strokes larger.

        Raises:
            KeyError: no such style.
        """
        number = STYLES[style] if isinstance(style, str) else style
        if number not in STYLES.values():
            raise KeyError(style)
        height, width = picture.shape[:2]
        scale = min(1.0, sqrt(pixels / (width * height)))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        whole = Image.fromarray(picture)
        small = whole if scale == 1 else whole.resize(size, Image.Resampling.LANCZOS)
        drawn = self._run(np.asarray(small), number)
        if own_colours:
            drawn = _in_colours_of(small, drawn)
        if scale == 1:
            return drawn
        styled = Image.fromarray(drawn)
        styled = styled.filter(ImageFilter.GaussianBlur(_GRID_BLUR))
        return _detailed(styled.resize((width, height), Image.Resampling.BICUBIC), whole, small)

    def _run(self, picture: Rgb, number: int) -> Rgb:
        height, width = picture.shape[:2]
        down, across = (max(_SMALLEST - side, -side % _MULTIPLE) for side in (height, width))
        padded = np.pad(picture, ((0, down), (0, across), (0, 0)), "edge")
        weights = np.zeros(_WEIGHTS, np.float32)
        weights[number] = 1
        image = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], np.float32) / 255
        result = self._session.run(None, {"image": image, "style_weights": weights})[0]
        shown = result[0, :, :height, :width].transpose(1, 2, 0)
        return _bytes(shown * 255)


def _in_colours_of(picture: Image.Image, drawn: Rgb) -> Rgb:
    """Combine the strokes of a drawing with the light and colours of its source picture."""
    light, *colours = picture.convert("YCbCr").split()
    strokes = np.asarray(Image.fromarray(drawn).convert("L"), np.float32)
    own = np.asarray(light, np.float32)
    scaled = (strokes - strokes.mean()) / max(float(strokes.std()), 1.0) * own.std() + own.mean()
    coarse = ImageFilter.GaussianBlur(max(1.0, min(picture.size) * _COARSE))
    around, wished = (
        np.asarray(Image.fromarray(_bytes(one)).filter(coarse), np.float32) for one in (scaled, own)
    )
    tones = Image.fromarray(_bytes(scaled + _OWN_LIGHT * (wished - around)))
    calm = [one.filter(ImageFilter.GaussianBlur(1.5)) for one in colours]
    return np.asarray(Image.merge("YCbCr", (tones, *calm)).convert("RGB"))


def _bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(values + 0.5, 0, 255), np.uint8)


def _detailed(styled: Image.Image, whole: Image.Image, small: Image.Image) -> Rgb:
    """Return a styled picture with the detail that `whole` has and `small` lost; in bands, to save memory."""
    fine = np.asarray(whole.convert("L"))
    coarse = np.asarray(small.convert("L").resize(whole.size, Image.Resampling.BICUBIC))
    result = np.array(styled)
    for top in range(0, len(result), _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        lost = fine[rows].astype(np.float32) - coarse[rows]
        band = result[rows] + _DETAIL * lost[..., None]
        result[rows] = np.clip(band + 0.5, 0, 255).astype(np.uint8)
    return result
