"""Addresses: of the web, of mail, of machines; and the names of files."""

import re

from fondaco.engines.common.speech.normalisation.rule import ReadingRule, spelled

_TOP_LEVELS = "com|org|net|edu|gov|io|co|uk|de|fr|it|es|info|biz|us|ca|au|tv|me|ly|ai|dev|app|eu|ch|nl|xyz|local"
_EXTENSIONS = "py|js|ts|md|txt|pdf|csv|json|toml|yaml|yml|html|css|sh|rs|go|c|h|cpp|png|jpe?g|gif|svg|wav|mp3|mp4|zip|exe|docx?"
_MARKS = {
    ".": "dot",
    "/": "slash",
    "@": "at",
    ":": "colon",
    "-": "dash",
    "_": "underscore",
    "?": "question mark",
    "=": "equals",
    "&": "and",
    "#": "hash",
    "%": "percent",
    "+": "plus",
    "~": "tilde",
}
_PIECES = re.compile(r"\d+|[^\W\d_]+|[^\s]")
_WORDS = frozenset("co me to so no in us it go app docs blog".split())  # noqa: SIM905 - words of a sentence
_LONG = 5
"""Digits of a number that is no port, year or size any more."""


def _said(address: str) -> str:
    """Return an address in words: what is no word is spelled, as are short parts."""
    return " ".join(map(_piece, _PIECES.findall(address)))


def _piece(piece: str) -> str:
    if piece.isdigit():
        return piece if len(piece) < _LONG and piece[0] != "0" else spelled(piece)
    if not piece.isalpha():
        return _MARKS.get(piece, " ")
    unspeakable = len(piece) <= 2 or not re.search("[aeiouy]", piece, re.IGNORECASE)  # noqa: PLR2004
    return piece.upper() if unspeakable and piece not in _WORDS and len(piece) <= _LONG else piece


def _web(found: re.Match[str]) -> str:
    return _said(found["address"].rstrip("/"))


def _machine(found: re.Match[str]) -> str:
    numbers, _, port = found.group().partition(":")
    said = " dot ".join(map(spelled, numbers.split(".")))
    return f"{said} colon {_piece(port)}" if port else said


_END = r"[\w/] | (?<=\w)/"
RULES = (
    ReadingRule.of(rf"\b https?:// (?P<address> [^\s<>\"]{{0,2000}} (?:{_END}))", _web),
    ReadingRule.of(rf"\b (?P<address> www\. [^\s<>\"]{{0,2000}} (?:{_END}))", _web),
    ReadingRule.of(
        r"(?<![\w.+@-]) (?P<address> [\w.+-]{1,64} @ [A-Za-z0-9-]{1,63} (?:\.[A-Za-z0-9-]{1,63}){1,8} )",
        _web,
    ),
    ReadingRule.of(
        r"(?<![\w.]) \d{1,3} (?:\.\d{1,3}){3} (?: :\d{1,5} )? (?![\w] | \.\d)", _machine
    ),
    ReadingRule.of(
        rf"""(?<![\w.@-]) (?P<address> (?:[A-Za-z0-9][A-Za-z0-9-]{{0,62}}\.){{1,4}} (?:{_TOP_LEVELS})
        (?: / [^\s<>\"]{{0,500}} [\w/] )? ) (?![\w-]|\.\w)""",
        _web,
    ),
    ReadingRule.of(
        rf"(?<![\w./-]) (?P<address> [\w-]{{1,64}} \. (?:{_EXTENSIONS}) ) (?![\w.-]\w)  \b", _web
    ),
    # A path: two slashes at least, or one in front.
    ReadingRule.of(
        r"(?<![\w/.:<]) (?P<address> ~? (?:/[A-Za-z0-9_.-]{1,64}){1,16} ) (?<=\w) (?!\w)", _web
    ),
)
