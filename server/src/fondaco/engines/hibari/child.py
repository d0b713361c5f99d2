"""The child process of hibari: one request, one sentence."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from hibari import SAMPLE_RATE, Hibari

from fondaco.engines.common.speech.english import English
from fondaco.engines.common.speech.reading import Reader
from fondaco.engines.common.speech.stretches import stretches
from fondaco.workers.child import Interruptible, serve_long

_SEED = 0
"""Of the breath in the voice: the same text is spoken alike each time."""
_OF_PACKAGE = "heart"
"""The one voice whose model is in the package: any other would be fetched from a hub."""
_MOST_PHONEMES = 400
"""Of a stretch that is made at once, as hibari has it: memory grows with its length."""


def load(launch: Mapping[str, Any]) -> Interruptible:
    """Load the model and the dictionaries."""
    return Reader(HeartVoice(launch["threads"]))


class HeartVoice:
    """The voice `af_heart`."""

    rate = SAMPLE_RATE

    def __init__(self, threads: int) -> None:
        """Load its model and the dictionaries of American English."""
        self._model = Hibari(_OF_PACKAGE, threads=threads)
        self._english = English()

    def read(self, sentence: str, voice: str) -> npt.NDArray[np.float32]:
        """Return the sound of a sentence."""
        parts = [
            self._model.from_phonemes(stretch, seed=_SEED)
            for stretch in stretches(self._english.phonemes(sentence), _MOST_PHONEMES)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


if __name__ == "__main__":
    serve_long(load)
