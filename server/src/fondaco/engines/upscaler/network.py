"""The network: a small convolutional one that draws a picture four times as wide and high."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import ncnn
import numpy as np

from fondaco.engines.upscaler.planes import Pixels, Planes

FACTOR = 4
"""By how much it enlarges each side."""
Restyle: TypeAlias = Callable[[Pixels, str], Pixels]
"""Returns a picture in a style of the style network, by its name."""
REACH = 10
"""Pixels around a piece that it is computed with. Its layers see 18, of which the outer 8 change no
value by more than 2 of 255."""


class Network:
    """`realesr-animevideov3`: 18 convolutions of 64 channels, trained on drawn video."""

    def __init__(self, layers: Path, weights: Path, *, threads: int = 1) -> None:
        """Load it.

        Args:
            layers: its description, a file of ncnn.
            weights: likewise.
            threads: that compute a piece.

        Raises:
            OSError: a file is missing, or is not an ncnn file.
        """
        self._net = ncnn.Net()
        self._net.opt.num_threads = threads
        self._net.opt.use_vulkan_compute = False
        for load, file in ((self._net.load_param, layers), (self._net.load_model, weights)):
            if load(str(file)) != 0:
                raise OSError(f"{file.name} cannot be read")

    def enlarged(self, piece: Planes) -> Planes:
        """Return a piece of a picture, enlarged; its outer `REACH` pixels are not to be used.

        Raises:
            MemoryError: there is not enough memory.
        """
        # ncnn reads the array when it copies it, so the array must live until then.
        bands = np.ascontiguousarray(piece.transpose(2, 0, 1)) / np.float32(255)
        given = ncnn.Mat(bands).clone()
        extractor = self._net.create_extractor()
        if extractor.input("data", given) != 0:
            raise MemoryError
        failed, drawn = extractor.extract("output")
        if failed:
            raise MemoryError
        copied = np.array(drawn, np.float32)  # ncnn owns the matrix's memory
        return copied.transpose(1, 2, 0) * np.float32(255)


@dataclass(frozen=True, slots=True)
class UpscalerNetworks:
    """Networks that draw pictures."""

    network: Network
    restyle: Restyle
    """For prompts that name a style."""
