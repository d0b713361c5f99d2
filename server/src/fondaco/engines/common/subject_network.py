"""Subject detection: a network finds the subject on a small map of a picture."""

from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

Map: TypeAlias = NDArray[np.float32]
"""Degree to which each part of a picture belongs to its subject: [320, 320], from 0 to 1."""

_SIDE = 320
"""The network sees a square of so many pixels, whatever the picture's shape."""
_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)
_SURE = 0.5
_LEAST_SHARE, _MOST_SHARE = 0.004, 0.985
"""Of the picture: less is no subject, more leaves no background."""


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

    def map(self, image: Image.Image) -> Map | None:
        """Return where the subject of a picture is; None: nothing stands out, or everything does."""
        small = image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
        rgb = np.asarray(small).astype(np.float32)
        rgb = (rgb / max(float(rgb.max()), 1.0) - _MEAN) / _DEVIATION
        blob = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32)
        found = self._session.run([self._output], {self._input: blob})[0][0, 0]
        most = float(found.max())
        result = np.asarray(found / most if most > _SURE else found, np.float32)
        share = float((result > _SURE).mean())
        return result if _LEAST_SHARE < share < _MOST_SHARE else None
