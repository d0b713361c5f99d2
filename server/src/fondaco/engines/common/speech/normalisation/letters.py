"""Letters: words of scripts that English dictionaries do not have are left out."""

import re
import unicodedata
from typing import Final

_WORD = re.compile(r"[^\W\d_]+")
_LAST_OF_WESTERN: Final = "\u00ff"
"""Among the letters up to it are no others than Latin ones, and micro."""
_MU: Final = "\u03bc"
"""The other micro, as it stands in front of units."""


def english_letters(text: str) -> str:
    """Return a text without words of other scripts than Latin, but for single letters.

    hibari would guess at them letter by letter, and gibberish be heard.

    >>> english_letters("\u017b\u00f3\u0142\u0107, \u041f\u0440\u0438\u0432\u0435\u0442, 5 \u00b5g, \u03c0")
    'Żółć, , 5 µg, π'
    """
    return _WORD.sub(_word, text)


def _word(found: re.Match[str]) -> str:
    word = found.group()
    readable = len(word) == 1 or max(word) <= _LAST_OF_WESTERN or all(map(_is_latin, word))
    return word if readable else ""


def _is_latin(letter: str) -> bool:
    return letter == _MU or "LATIN" in unicodedata.name(letter, "")
