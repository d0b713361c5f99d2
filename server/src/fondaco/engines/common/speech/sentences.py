"""Sentences: a text cut into stretches that a speech model reads at once, with no character lost."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

LONGEST: Final = 240
"""Characters of a stretch: models lose track in longer ones, and each is synthesized before playback."""

_END = re.compile(
    r"""
    (?<![.!?\u2026]) [.!?\u2026]++ ["'\u201d\u2019)\]]* \s+  # a full stop, what closes after it, and space
    | [\u3002\uff01\uff1f]+ ["'\u201d\u2019\u300d\u300f)\]]* \s*  # those of Chinese and Japanese need no space
    | \u0964+ \s*  # of Hindi
    | \n \s*  # a line
    """,
    re.VERBOSE,
)
_LONG_NUMBER = re.compile(r"\d{40}(?=\d)")
"""As long as 240 characters of words, when it is said digit by digit."""
_OF_DIGIT, _OF_SIGN = 6, 9
"""Sounds: "seven" with a pause has six, "percent" has eight."""
_SIGNS = frozenset("%&@#*/^\\\u2030\u00a7")
_SIGN_KINDS = frozenset({"No", "Nl", "Sm", "Sc", "So"})
"""Unicode's categories of fractions and the like, of mathematics, currencies and others."""
_CLAUSE = re.compile(r"[,;:\u2013\u2014\uff0c\u3001\uff1b\uff1a]\s*")
_SPACE = re.compile(r"\s+")
_NEW_PARAGRAPH = 2
"""Ends of lines."""
_ABBREVIATIONS = frozenset(
    [
        "adm",
        "approx",
        "capt",
        "cf",
        "cmdr",
        "col",
        "cpl",
        "dott",
        "dr",
        "dra",
        "e.g",
        "fig",
        "fr",
        "ft",
        "gen",
        "gov",
        "hon",
        "i.e",
        "lt",
        "maj",
        "mlle",
        "mme",
        "mr",
        "mrs",
        "ms",
        "msgr",
        "mt",
        "no",
        "nos",
        "núm",
        "pres",
        "prof",
        "pág",
        "rep",
        "rev",
        "sen",
        "sgt",
        "sig",
        "sr",
        "sra",
        "srta",
        "st",
        "supt",
        "ud",
        "uds",
        "vs",
    ]
)
"""In front of what they abbreviate: their full stop ends no sentence."""


def sentences(text: str, longest: int = LONGEST) -> Iterator[str]:
    r"""Yield the sentences of a text, each with the space around it; those that are too long in parts.

    >>> list(sentences("Dr. Smith left. Why? No one knows."))
    ['Dr. Smith left. ', 'Why? ', 'No one knows.']
    """
    begin = 0
    for end in _ends(text):
        yield from _parts(text[begin:end], longest)
        begin = end
    if begin < len(text):
        yield from _parts(text[begin:], longest)


def _ends(text: str) -> Iterator[int]:
    spoken = False
    begin = 0
    for match in _END.finditer(text):
        spoken = spoken or any(map(str.isalnum, text[begin : match.start()]))
        begin = match.start()
        if spoken and match.end() < len(text) and _ends_sentence(text, match):
            yield match.end()
            spoken, begin = False, match.end()


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    mark = match.group()
    if text[match.end()].islower() and mark.count("\n") < _NEW_PARAGRAPH:
        return False  # a line break within a sentence, as in e-mail
    if "\n" in mark:
        return True
    if not mark.startswith(".") or mark.startswith(".."):
        return True
    word = _word_before(text, match.start())
    return not (word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper()))


def _word_before(text: str, end: int) -> str:
    window = text[max(0, end - 20) : end]
    return _SPACE.split(window)[-1].lstrip("(\"'\u201c\u2018[")


def _parts(sentence: str, longest: int) -> Iterator[str]:
    begin = 0
    for found in _LONG_NUMBER.finditer(sentence):
        yield from _fitting(sentence[begin : found.end()], longest)
        begin = found.end()
    yield from _fitting(sentence[begin:], longest)


def _fitting(sentence: str, longest: int) -> Iterator[str]:
    while len(sentence) > (room := _room(sentence, longest)):
        cut = _last(_CLAUSE, sentence, room) or _last(_SPACE, sentence, room) or room
        yield sentence[:cut]
        sentence = sentence[cut:]
    yield sentence


def _room(sentence: str, longest: int) -> int:
    """Return how many of its characters fit: fewer where many are digits or signs, which are said by words.

    Beside letters, there is room for 48 digits or 30 signs in the longest.
    """
    left = 2 * longest
    for at, one in enumerate(sentence[:longest]):
        left -= _sounds(one)
        if left < 0:
            return max(1, at)
    return longest


def _sounds(one: str) -> int:
    """Return about how many sounds a character is said by; no fewer than one."""
    if one.isalpha():
        return 1
    if one.isdecimal():
        return _OF_DIGIT
    return _OF_SIGN if one in _SIGNS or unicodedata.category(one) in _SIGN_KINDS else 1


def _last(mark: re.Pattern[str], sentence: str, longest: int) -> int:
    """Return the end of the last mark in the second half of what fits; 0: there is none."""
    ends = (found.end() for found in mark.finditer(sentence, longest // 2, longest))
    return max(ends, default=0)
