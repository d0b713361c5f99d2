"""Wording: an instruction in one spelling, and the patterns that its words are read by."""

import re
import unicodedata

from fondaco.engines.editor.instructions.colours import NAMED

LITTLE = (
    rf"(?:soft|light)(?! {NAMED})|"
    "a little bit|a tiny bit|a little|a bit|a touch|a tad|slightly|slight|somewhat|subtly|subtle|gently|"
    "gentle|lightly|mildly|mild|faintly|faint"
)
MUCH = (
    "a whole lot of|a whole lot|a lot of|a lot|lots of|lots|so much|much|very|way|far|even|heavily|heavy|strongly|strong|significantly|"
    "considerably|really|super|extremely|dramatically|greatly|drastically|intensely|intense|big|thick"
)
_NUMBER = r"\d+(?:\.\d+)?"
BEFORE = (
    rf"(?:(?:(?:by|about) )?(?P<percent_before>{_NUMBER}) percent "
    rf"|(?:(?P<little_before>{LITTLE})|(?P<much_before>{MUCH})) ){{0,2}}"
)
"""A degree before a word: `slightly`, `20 percent`."""
AFTER = (
    rf"(?: by)?(?: about| around| roughly)?(?: (?P<percent_after>{_NUMBER}) percent"
    rf"| (?:(?P<little_after>{LITTLE})|(?P<much_after>{MUCH}))(?: more)?)"
)
"""A degree behind a word: `a lot`, `by 20 percent`; to be made optional."""
_DESCRIBED = (
    "(?:this|that|the|my)(?: (?:old|very|rather|blurry|blurred|dark|bright|black and white|gray ?scale|monochrome|gray|"
    "faded|noisy|grainy|colorless|dull|low contrast|overexposed|underexposed|beautiful|low quality|bw|vintage|scanned))+ "
    "(?:image|picture|photo|photograph|pic|shot|scan)"
)
IT = (
    rf"(?:{_DESCRIBED}|"
    "(?:(?:it|this|that|the|my|whole|entire|full|original|given|attached) )*"
    "(?:it|this|that|everything|all|image|picture|photo|photograph|pic|shot|whole thing|colors))"
)
"""The picture as a whole; what it looks like now is no wish."""
REGION = "(?:(?:the|its|my) )?(?:whole |entire )?(?P<region>background|backdrop|bg|subject|foreground|sky)"
"""A part of the picture that can be found."""
NUMBER = _NUMBER

_SPELLINGS = (
    (r"colour", "color"),
    (r"\bgrey", "gray"),
    (r"\bcentre", "center"),
    (r"\bmould", "mold"),
    (
        r"\b(color|poster|styl|solar|cartoon|normal|equal|pixel|optim|minim)is(e|ed|es|ing|ation)\b",
        r"\1iz\2",
    ),
    (r"\bjewellery", "jewelry"),
)
_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10, "twelve": 12,
    "fifteen": 15, "twenty": 20, "thirty": 30, "forty five": 45, "forty": 40, "fifty": 50, "sixty": 60,
    "ninety": 90, "one hundred and eighty": 180, "one hundred eighty": 180, "two hundred and seventy": 270,
    "two hundred seventy": 270, "one hundred": 100, "a hundred": 100, "half a": 0.5,
}  # fmt: skip
_NUMBER_WORDS = re.compile(rf"\b(?:{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\b")
_SIGNS = (
    (r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", " "),
    (r"['\u2019\u2018`\"\u201c\u201d\u201e\u00ab\u00bb]", ""),
    (r"\u00b0", " degrees "),
    (r"%", " percent "),
    (r"[\u00d7*]", "x"),
    (r"&", " and "),
    (r"(?<=\d)/(?=\d)", ":"),
    (r"\+(?=\d)", " plus "),
    (r"(?<![\w.])[-\u2212](?=\d)", " minus "),
    (r"[-\u2010-\u2015/_]", " "),
    (r"(?<=\d)\.(?=\d)", "\x02"),
    (r"(?<=\d):(?=\d)", "\x03"),
    (r"[.,;:!?()\[\]\n\r]", " , "),
    (r"\x02", "."),
    (r"\x03", ":"),
    (r"(\d) ?(?:px|pixels?)? ?(?:x|by) ?(\d)", r"\1x\2"),
    (r"(\d)(px|pixels?|degrees?|deg|percent)\b", r"\1 \2"),
    (r"\bpct\b", "percent"),
    (r"\b(?:pixels|pixel|px)\b", "px"),
    (r"\b(?:degree|deg)\b", "degrees"),
    (r"\s+", " "),
)


def normalized(prompt: str) -> str:
    """Return a prompt in small letters and one spelling, its words and commas parted by single spaces.

    >>> normalized("Greyscale, please; rotate it by ninety\N{DEGREE SIGN} -- and crop to 16:9!")
    'grayscale , please , rotate it by 90 degrees and crop to 16:9 ,'
    """
    text = unicodedata.normalize("NFKC", prompt).lower()
    for pattern, word in _SIGNS:
        text = re.sub(pattern, word, text)
    for pattern, word in _SPELLINGS:
        text = re.sub(pattern, word, text)
    text = _NUMBER_WORDS.sub(lambda found: f"{_NUMBERS[found[0]]:g}", text)
    return text.strip()


def degree(found: "re.Match[str]") -> float | None:
    """Return how much a match of `BEFORE` or `AFTER` asks for: 1 is the usual; None: a percentage."""
    groups = found.groupdict()
    if groups.get("percent_before") or groups.get("percent_after"):
        return None
    if groups.get("little_before") or groups.get("little_after"):
        return 0.5
    return 1.8 if groups.get("much_before") or groups.get("much_after") else 1.0


def percent(found: "re.Match[str]") -> float:
    """Return the percentage of a match that has one."""
    groups = found.groupdict()
    return float(groups.get("percent_before") or groups.get("percent_after") or 0)
