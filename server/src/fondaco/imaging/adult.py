"""The adult-image classifier: open_nsfw, a network that scores a picture from 0 to 1.

Source: Yahoo's open_nsfw, whose preprocessing this repeats: 256 pixels a side, through JPEG, the middle 224.
"""

import io
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageFilter

_SIDE, _SEEN = 256, 224
_EDGE = (_SIDE - _SEEN) // 2
_MEAN_BGR = np.array([104, 117, 123], dtype=np.float32)
_SMALL = 16
"""Pixels of the longer side to which a picture is reduced before it is blurred: nothing can be made out."""


class AdultClassifier:
    """The network with its weights."""

    def __init__(self, model: Path) -> None:
        """Load it.

        Args:
            model: the file `open-nsfw.onnx`; [n, 224, 224, 3] BGR less its mean in, [n, 2] out.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(str(model), options, providers=providers)
        self._input = self._session.get_inputs()[0].name

    def score(self, image: Image.Image) -> float:
        """Return how surely a picture is adult: 0 not at all, 1 surely."""
        shown = image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
        middle = shown.crop((_EDGE, _EDGE, _EDGE + _SEEN, _EDGE + _SEEN))
        file = io.BytesIO()
        middle.save(file, "JPEG")
        with Image.open(file) as read:
            pixels = np.asarray(read, dtype=np.float32)
        batch = np.ascontiguousarray((pixels[:, :, ::-1] - _MEAN_BGR)[np.newaxis])
        (scores,) = self._session.run(None, {self._input: batch})
        return float(scores[0][1])


def blurred(image: Image.Image) -> Image.Image:
    """Return a picture of the same size in which nothing can be made out."""
    tiny = image.copy()
    tiny.thumbnail((_SMALL, _SMALL), Image.Resampling.BOX)
    softened = tiny.filter(ImageFilter.GaussianBlur(1))
    return softened.resize(image.size, Image.Resampling.BICUBIC)
