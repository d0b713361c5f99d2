"""Stretches of phonemes that a model speaks at once, cut where a speaker would pause."""

from collections.abc import Iterator
from math import ceil
from typing import Final

_PAUSES: Final = (".!?\u2026", ";:\u2014", ",", " ")
"""Behind which to cut, the longest pause first."""


def stretches(phonemes: str, most: int) -> Iterator[str]:
    """Yield phonemes in stretches of at most so many, about equally long, none of them blank.

    >>> list(stretches("wʌn tu, θɹi fɔɹ", most=14))
    ['wʌn tu,', 'θɹi fɔɹ']
    """
    while len(phonemes) > most:
        cut = _cut(phonemes, most)
        if stretch := phonemes[:cut].strip():
            yield stretch
        phonemes = phonemes[cut:].lstrip()
    if phonemes.strip():
        yield phonemes.strip()


def _cut(phonemes: str, most: int) -> int:
    """Return where to cut: at the longest pause near the aim; where there is none, at the last place."""
    aim = len(phonemes) // ceil(len(phonemes) / most)
    for marks in _PAUSES:
        places = [
            place for place in range(max(1, aim // 2), most + 1) if phonemes[place - 1] in marks
        ]
        if places:
            return min(places, key=lambda place: (abs(place - aim), -place))
    return most
