"""The child process of Kokoro: one request, one sentence."""

from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fondaco.domain.media.voices import Voice
from fondaco.engines.common.speech.reading import Reader
from fondaco.engines.common.speech.stretches import stretches
from fondaco.engines.kokoro.model import RATE, KokoroModel
from fondaco.engines.kokoro.silence import with_pause
from fondaco.workers.child import Advance, Interruptible, WorkerResponse, serve_long

_MOST_PHONEMES = 200
"""Of a stretch, of 510 that the model takes: with 100 to 200 it speaks best, and longer ones take its memory
from 600 to 1,500 MB."""


def load(launch: Mapping[str, Any]) -> Interruptible:
    """Load the model."""
    model = KokoroModel(
        Path(launch["model"]),
        Path(launch["vocabulary"]),
        Path(launch["voices"]),
        launch["names"],
        launch["threads"],
    )
    return KokoroReader(model)


class KokoroReader(Reader):
    """Handles requests, and can be cancelled in the middle of a sentence."""

    def __init__(self, model: KokoroModel) -> None:
        super().__init__(KokoroVoices(model))
        self._model = model

    def handle(
        self, request: Mapping[str, Any], advance: Advance, cancelled: Event
    ) -> WorkerResponse:
        """Read one sentence."""
        self._model.resume()
        if cancelled.is_set():  # cancelled before the model started
            raise InterruptedError
        return super().handle(request, advance, cancelled)

    def cancel(self) -> None:
        """Stop: a sentence may take seconds, and others wait."""
        self._model.stop()


class Phonemizer(Protocol):
    """Reads one language."""

    def phonemes(self, sentence: str) -> str:
        """Return the phonemes of a sentence, in Kokoro's alphabet; empty: nothing can be read."""
        ...


class KokoroVoices:
    """The voices of Kokoro; the dictionaries of a language are loaded with its first sentence."""

    rate = RATE

    def __init__(self, model: KokoroModel) -> None:
        self._model = model
        self._phonemizers: dict[str, Phonemizer] = {}

    def read(self, sentence: str, voice: str) -> npt.NDArray[np.float32]:
        """Return the sound of a sentence."""
        known = Voice.named(voice)
        if known is None:
            raise KeyError
        if known.language not in self._phonemizers:
            self._phonemizers[known.language] = _phonemizer(known.language)
        phonemes = self._model.known(self._phonemizers[known.language].phonemes(sentence))
        if not any(map(str.isalpha, phonemes)):
            return np.zeros(0, np.float32)
        parts = [
            with_pause(self._model.sound(stretch, voice), stretch, RATE)
            for stretch in stretches(phonemes, _MOST_PHONEMES)
        ]
        return np.concatenate(parts)


def _phonemizer(language: str) -> Phonemizer:
    match language:
        case "en-US" | "en-GB":
            from fondaco.engines.common.speech.english import English  # noqa: PLC0415 - of the voice

            return English(british=language == "en-GB")
        case "es":
            from fondaco.engines.kokoro.spanish import Spanish  # noqa: PLC0415 - of the voice

            return Spanish()
        case "ja":
            from fondaco.engines.kokoro.misaki import Japanese  # noqa: PLC0415 - by choice

            return Japanese()
        case "zh":
            from fondaco.engines.kokoro.misaki import Chinese  # noqa: PLC0415 - by choice

            return Chinese()
        case _:
            from fondaco.engines.kokoro.espeak import Espeak  # noqa: PLC0415 - by choice

            return Espeak(language)


if __name__ == "__main__":
    serve_long(load)
