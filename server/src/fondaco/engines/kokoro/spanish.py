"""Spanish texts as phonemes, by rules alone: piper-plus-g2p after our text normalisation."""

from typing import Final

from piper_plus_g2p import get_phonemizer

from fondaco.engines.common.speech.normalisation.spanish import spanish_in_words
from fondaco.engines.common.speech.plain import plain

_AS_KOKORO: Final = (("y_vowel", "y"), ("tʃ", "ʧ"), ("dʒ", "ʤ"), ("rr", "r"), ("¿", ""), ("¡", ""))
"""Affricates and the trill, which are one phoneme each there; what is voiced like an `i` keeps its letter."""


class Spanish:
    """Reads Spanish as it is spoken in America: `c` and `z` as `s`."""

    def __init__(self) -> None:
        """Load the rules."""
        self._g2p = get_phonemizer("es")

    def phonemes(self, sentence: str) -> str:
        """Return the phonemes of a sentence, in Kokoro's alphabet; empty: nothing can be read."""
        read = "".join(self._g2p.phonemize(spanish_in_words(plain(sentence))))
        for one, other in _AS_KOKORO:
            read = read.replace(one, other)
        return read if any(map(str.isalpha, read)) else ""
