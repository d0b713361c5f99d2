"""Silence around a stretch of speech: Kokoro makes 0.3 s before it and 0.5 s behind it."""

from typing import Final

import numpy as np
import numpy.typing as npt

_AUDIBLE: Final = 0.005
"""Of full scale."""
_BEFORE_S: Final = 0.05
_BEHIND_S: Final = 0.05
"""Margin kept around the first and the last audible sample: consonants begin and end softly."""
_PAUSES_S: Final = {
    ".": 0.30,
    "!": 0.30,
    "?": 0.30,
    "\u2026": 0.35,
    ",": 0.12,
    ";": 0.20,
    ":": 0.20,
    "\u2014": 0.20,
}
_NO_MARK_S: Final = 0.06
_CLOSING = ' "\u201d)\u2019'


def with_pause(
    samples: npt.NDArray[np.float32], phonemes: str, rate: int
) -> npt.NDArray[np.float32]:
    """Return speech with a short lead and a pause behind it, as long as the mark at its end asks for.

    Args:
        samples: the speech, as the model made it.
        phonemes: what it speaks.
        rate: samples a second.
    """
    audible = np.flatnonzero(np.abs(samples) > _AUDIBLE)
    if not audible.size:
        return samples[:0]
    begin = max(0, int(audible[0]) - round(_BEFORE_S * rate))
    end = int(audible[-1]) + round(_BEHIND_S * rate)
    mark = phonemes.rstrip(_CLOSING)[-1:]
    pause = np.zeros(round(_PAUSES_S.get(mark, _NO_MARK_S) * rate), np.float32)
    return np.concatenate([samples[begin:end], pause])
