"""English text as phonemes: hibari's reading of a text that was normalised for it.

For child processes alone: it loads dictionaries and a network for words that are in none.
"""

from collections.abc import Iterator

from hibari.g2p import G2P

from fondaco.engines.common.speech.normalisation.english import normalised
from fondaco.engines.common.speech.plain import plain


class English:
    """Reads American or British English."""

    def __init__(self, *, british: bool = False) -> None:
        """Load the dictionaries."""
        self._british = british
        self._g2p = G2P(british=british)

    def phonemes(self, sentence: str) -> str:
        """Return the phonemes of a sentence, in the alphabet of Kokoro's models; empty: nothing can be read."""
        text = normalised(plain(sentence), british=self._british)
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
