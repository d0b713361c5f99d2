"""English text as phonemes: hibari's reading of a text that was normalised for it.

For child processes alone: it loads dictionaries and a network for words that are in none.
"""

import re
from collections.abc import Iterator
from typing import Final

from hibari.g2p import G2P

from fondaco.engines.common.speech.normalisation.english import normalised
from fondaco.engines.common.speech.plain import plain

_ENDLESS: Final = re.compile(r"\S{48}(?=\S)")
"""As long as no word is: the reading takes the cube of its length where it is of marks, seconds for 240 of them."""


class English:
    """Reads American or British English."""

    def __init__(self, *, british: bool = False) -> None:
        """Load the dictionaries."""
        self._british = british
        self._g2p = G2P(british=british)

    def phonemes(self, sentence: str) -> str:
        """Return the phonemes of a sentence, in the alphabet of Kokoro's models; empty: nothing can be read."""
        text = _ENDLESS.sub(r"\g<0> ", normalised(plain(sentence), british=self._british))
        try:
            read = self._g2p(text)
        except Exception:  # noqa: BLE001 - a word that it fails at must not cost the others
            read = " ".join(self._words(text))
        return read if any(map(str.isalpha, read)) else ""

    def _words(self, text: str) -> Iterator[str]:
        for word in text.split():
            try:
                yield self._g2p(word)
            except Exception:  # noqa: BLE001, S112 - likewise
                continue
