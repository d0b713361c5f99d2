"""The child's side of a speech engine: sentences in, PCM out."""

from collections.abc import Mapping
from threading import Event
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fondaco.workers.child import Advance, WorkerResponse

_LOUDEST = 32_767


class Voices(Protocol):
    """A model that is loaded."""

    @property
    def rate(self) -> int:
        """Samples a second."""
        ...

    def read(self, sentence: str, voice: str) -> npt.NDArray[np.float32]:
        """Return the sound of a sentence, -1 to 1; empty where there is nothing to read."""
        ...


class Reader:
    """Handles the requests of a `Speaker` by a model."""

    cancellable = True  # the sentence is finished, as loading the model again takes longer

    def __init__(self, voices: Voices) -> None:
        self._voices = voices

    def cancel(self) -> None:
        """Do nothing: the sentence in hand ends soon."""

    def handle(
        self, request: Mapping[str, Any], advance: Advance, cancelled: Event
    ) -> WorkerResponse:
        """Read one sentence."""
        samples = self._voices.read(request["text"], request["voice"])
        pcm = (np.clip(np.nan_to_num(samples), -1.0, 1.0) * _LOUDEST).astype("<i2")
        return {"rate": self._voices.rate}, pcm.tobytes()
