"""Letters: words of scripts that a language is not read from are left out."""

import re
import unicodedata
from typing import Final

_WORD = re.compile(r"[^\W\d_]+")
_LAST_OF_WESTERN: Final = "\u00ff"
"""Among the letters up to it are no others than Latin ones, and micro."""
_MU: Final = "\u03bc"
"""The other micro, as it stands in front of units."""


def without_other_scripts(text: str, *scripts: str) -> str:
    """Return a text without words of other scripts than Latin and those named, but for single letters.

    Without these rules, the voice would guess them letter by letter, as gibberish.

    Args:
        text: in whatever scripts.
        scripts: as Unicode names begin, such as `DEVANAGARI`.

    >>> without_other_scripts("\u017b\u00f3\u0142\u0107, \u041f\u0440\u0438\u0432\u0435\u0442, 5 \u00b5g, \u03c0")
    'Żółć, , 5 µg, π'
    """
    known = ("LATIN", "FULLWIDTH LATIN", *scripts)
    return _WORD.sub(lambda found: _readable(found.group(), known), text)


def _readable(word: str, scripts: tuple[str, ...]) -> str:
    if max(word) <= _LAST_OF_WESTERN or (len(word) == 1 and word < "\u2e80"):
        return word
    read = all(one == _MU or unicodedata.name(one, "").startswith(scripts) for one in word)
    return word if read else ""
