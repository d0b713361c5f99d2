"""misaki, the reading that Kokoro was trained with: Chinese and Japanese texts as phonemes."""

import os
import re
from typing import Final

from fondaco.engines.common.speech.english import English
from fondaco.engines.common.speech.plain import plain

_LATIN: Final = re.compile(r"([A-Za-z][A-Za-z'. -]*)")
"""English words in a Chinese text."""
_LONG: Final = re.compile(r"\d{13,}")
"""Numbers without Japanese words in misaki, which are spoken digit by digit."""


class Chinese:
    """Reads Mandarin, and English words in it."""

    def __init__(self) -> None:
        """Load the dictionaries."""
        import jieba  # noqa: PLC0415 - installed by choice
        from misaki.zh import ZHG2P  # noqa: PLC0415 - likewise

        # Jieba would use a cache in a world-writable folder, and fail because this child may not write files.
        jieba.dt.tmp_dir = os.devnull
        self._g2p = ZHG2P()
        self._english = English()

    def phonemes(self, sentence: str) -> str:
        """Return the phonemes of a sentence, in Kokoro's alphabet; empty: nothing can be read."""
        pieces = _LATIN.split(plain(sentence))
        read = "".join(
            f" {self._english.phonemes(piece)} " if number % 2 else self._chinese(piece)
            for number, piece in enumerate(pieces)
        )
        return read.strip() if any(map(str.isalpha, read)) else ""

    def _chinese(self, piece: str) -> str:
        return str(self._g2p(piece)[0]) if piece.strip() else piece


class Japanese:
    """Reads Japanese; foreign words are best written in katakana."""

    def __init__(self) -> None:
        """Load the dictionary."""
        from misaki.cutlet import Cutlet  # noqa: PLC0415 - installed by choice

        self._g2p = Cutlet()

    def phonemes(self, sentence: str) -> str:
        """Return the phonemes of a sentence, in Kokoro's alphabet; empty: nothing can be read."""
        text = _LONG.sub(lambda found: " ".join(found.group()), plain(sentence))
        if not any(map(str.isalnum, text)):
            return ""
        read = str(self._g2p(text)[0])
        return read if any(map(str.isalpha, read)) else ""
