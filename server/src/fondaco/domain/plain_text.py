"""Plain text: one line that can be kept and shown anywhere, such as the name of an account."""

from collections.abc import Collection
from itertools import pairwise
from unicodedata import name as unicode_name, normalize

_ALIKE = ("LATIN", "GREEK", "CYRILLIC")
"""Scripts with letters that look the same: a name that mixes them passes for another one."""
_INVISIBLE = frozenset(
    chr(number)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xE0100, 0xE01EF),
    )
    for number in range(first, last + 1)
)
"""Characters that count as printable and show nothing, or a blank.

Source: Unicode, DerivedCoreProperties.txt, Default_Ignorable_Code_Point; and the blank of Braille.
"""


def plain_text(text: str, longest: int) -> str:
    r"""Return a text that may be kept and shown.

    Raises:
        ValueError: it is too long, or has line breaks, control characters or bytes that are no UTF-8 in it.

    >>> plain_text("Invoice 17", 20)
    'Invoice 17'
    >>> plain_text("\x1b[2J", 20)
    Traceback (most recent call last):
    ValueError: The text contains U+001B at character 1, which cannot be printed. Remove it.
    """
    _expect_length(text, "text", 0, longest)
    _expect_printable(text, "text")
    return text


def plain_name(text: str, longest: int) -> str:
    """Return a text that may be the name of something: in a URL, a command, a table or a spreadsheet.

    It begins with a letter or a digit, so that it is no path (`..`), option (`-x`) or formula (`=A1`).

    Raises:
        ValueError: it is empty, too long or no plain text, begins with another character, or looks like
            another name: by spaces, characters that look like others, or a mix of scripts.

    >>> plain_name("Ada Lovelace", 20)
    'Ada Lovelace'
    >>> plain_name("..", 20)
    Traceback (most recent call last):
    ValueError: The name '..' begins with '.'. Begin it with a letter or a digit.
    """
    _expect_length(text, "name", 1, longest)
    _expect_printable(text, "name", _INVISIBLE)
    if text != " ".join(text.split()):
        raise ValueError(
            f"The name {text!r} has a space at its beginning or end, or two in a row. Remove it."
        )
    if not text[0].isalnum():
        raise ValueError(
            f"The name {text!r} begins with {text[0]!r}. Begin it with a letter or a digit."
        )
    _expect_distinct(text)
    return text


def _expect_length(text: str, kind: str, shortest: int, longest: int) -> None:
    if len(text) < shortest:
        raise ValueError(f"The {kind} is empty. Use 1 to {longest} characters.")
    if len(text) > longest:
        raise ValueError(f"The {kind} has {len(text)} characters. Use at most {longest}.")


def _expect_printable(text: str, kind: str, invisible: Collection[str] = ()) -> None:
    for position, character in enumerate(text, 1):
        if not character.isprintable() or character in invisible:
            raise ValueError(
                f"The {kind} contains U+{ord(character):04X} at character {position}, which cannot be printed. "
                "Remove it."
            )


def _expect_distinct(name: str) -> None:
    """Refuse a name that looks like another one, so that nobody grants funds to the wrong account."""
    usual = normalize("NFKC", name)
    if usual != name:
        raise ValueError(
            f"The name {name!r} contains characters that look like others. Write it as {usual!r}."
        )
    # A letter's Unicode name begins with its script: "CYRILLIC SMALL LETTER A".
    scripts = [
        script
        for character in name
        if (script := unicode_name(character, "").partition(" ")[0]) in _ALIKE
    ]
    for first, second in pairwise(scripts):
        if first != second:
            raise ValueError(
                f"The name {name!r} mixes {first.title()} and {second.title()} letters, which look alike. "
                "Use letters of one script."
            )
