"""The model: phonemes and a voice's style in, sound out."""

import json
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime

RATE: Final = 24_000
MOST_TOKENS: Final = 510
"""Of a stretch: the model's context of 512, less the token 0 at both ends."""
_STYLE = 256
_FULL_SPEED = np.ones(1, np.float32)
"""Tempo is changed elsewhere: at 0.25 the model stutters, and at 4 it makes 1.5 s of what should be 1 s."""


class KokoroModel:
    """Kokoro-82M. It makes the same sound of the same phonemes."""

    def __init__(
        self, model: Path, vocabulary: Path, voices: Path, names: list[str], threads: int
    ) -> None:
        """Load the model.

        Args:
            model: the ONNX file.
            vocabulary: a JSON file, its `vocab` a phoneme -> its token.
            voices: for each voice and number of tokens a style, float32 [voices, 510, 256].
            names: of the voices, in their order.
            threads: for one stretch.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        self._run = onnxruntime.RunOptions()
        self._tokens: dict[str, int] = json.loads(vocabulary.read_text("utf-8"))["vocab"]
        shape = (len(names), MOST_TOKENS, _STYLE)
        self._styles = np.memmap(voices, np.dtype("<f4"), "r", shape=shape)
        self._index = {name: index for index, name in enumerate(names)}

    def stop(self) -> None:
        """Have the stretch in hand fail at once, and all after it; called from another thread."""
        self._run.terminate = True

    def resume(self) -> None:
        """Make sound again after `stop`."""
        self._run = onnxruntime.RunOptions()

    def known(self, phonemes: str) -> str:
        """Return the phonemes that the model has a token for: what is left out makes no sound."""
        return "".join(one for one in phonemes if one in self._tokens)

    def sound(self, phonemes: str, voice: str) -> npt.NDArray[np.float32]:
        """Return the sound of a stretch, -1 to 1 for most of it.

        Args:
            phonemes: 1 to 510, all of them known.
            voice: one of the names.
        """
        tokens = [self._tokens[one] for one in phonemes]
        style = self._styles[self._index[voice], len(tokens) - 1]
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": np.array(style[None], np.float32),
            "speed": _FULL_SPEED,
        }
        samples: npt.NDArray[np.float32] = self._session.run(None, inputs, self._run)[0]
        return samples.reshape(-1)
