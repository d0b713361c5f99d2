"""English text as phonemes: hibari's reading, kept to time and to numbers that it can say.

For child processes alone: it loads dictionaries and a network for words that are in none.
"""

import re
from collections.abc import Iterator
from typing import Final

from hibari.g2p import G2P

from fondaco.engines.common.speech.plain import plain

MOST_PHONEMES: Final = 400
"""Of a stretch that a model makes at once, as hibari has it: memory grows with its length."""

_DIGITS = re.compile(r"\d[\d,]*\d")
_MOST_DIGITS = 15
"""Of a number that is said in words: trillions. Longer ones are said digit by digit."""
_LONE_COMMA = re.compile(r"(?<=\d),(?=\d)(?!\d{3}(?!\d))")
"""Between digits, but not between groups of three."""
_ADDRESS = re.compile(
    r"(?:\bhttps?://|\bwww\.|(?<=\s)(?=[\w.+-]+@))[^\s<>\"]*[\w/]|^[\w.+-]+@[\w.-]*\w"
)
"""Of the web, or of mail; what ends the sentence is none of it."""
_IN_ADDRESS = {".": " dot ", "/": " slash ", "@": " at ", "?": " question mark ", "&": " and "}
_WORDS = ((re.compile(r"\be\.g\.,?"), "for example"), (re.compile(r"\bi\.e\.,?"), "that is"))
_UNBROKEN = re.compile(r"\S{25,}")
_JOINT = re.compile(r"(?<=[^\w\s])(?=\w)|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)|(?<=[a-z])(?=[A-Z])")
"""Where a word may be parted: behind a mark, between letters and digits, and in camelCase."""
_MOST_JOINTS = 8
"""In a stretch without space: the time for one grows with the third power of its parts."""


class English:
    """Reads American or British English."""

    def __init__(self, *, british: bool = False) -> None:
        """Load the dictionaries."""
        self._g2p = G2P(british=british)

    def phonemes(self, sentence: str) -> str:
        """Return the phonemes of a sentence, in the alphabet of Kokoro's models; empty: nothing can be read."""
        text = sayable(plain(sentence))
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


def sayable(text: str) -> str:
    """Return a text whose numbers and words hibari can say, and in time.

    >>> sayable("1,234,567 and 1,2,3"), sayable("4" * 16)
    ('1,234,567 and 1, 2, 3', '4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4')
    >>> sayable("See https://a.example/b.")
    'See a dot example slash b.'
    """
    for abbreviation, words in _WORDS:
        text = abbreviation.sub(words, text)
    text = _ADDRESS.sub(_spelled, text)
    text = _DIGITS.sub(_digit_by_digit, text)
    text = _LONE_COMMA.sub(", ", text)
    return _UNBROKEN.sub(_broken, text)


def _spelled(found: re.Match[str]) -> str:
    address = re.sub(r"^https?://", "", found.group()).rstrip("/")
    return "".join(_IN_ADDRESS.get(one, one) for one in address)


def _digit_by_digit(found: re.Match[str]) -> str:
    digits = found.group().replace(",", "")
    return found.group() if len(digits) <= _MOST_DIGITS else " ".join(digits)


def _broken(found: re.Match[str]) -> str:
    parted = _JOINT.sub(" ", found.group())
    return parted if parted.count(" ") > _MOST_JOINTS else found.group()


def stretches(phonemes: str, most: int = MOST_PHONEMES) -> Iterator[str]:
    """Yield phonemes in stretches of at most so many, cut between words where there are any."""
    while len(phonemes) > most:
        cut = phonemes.rfind(" ", most // 2, most) + 1 or most
        yield phonemes[:cut].strip()
        phonemes = phonemes[cut:]
    if phonemes.strip():
        yield phonemes.strip()
