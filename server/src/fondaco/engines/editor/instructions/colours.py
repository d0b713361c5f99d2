"""Named colours, in the spelling that normalized instructions have."""

import re
from collections.abc import Mapping

from fondaco.engines.editor.instructions.operations import Colour

COLOURS: Mapping[str, Colour] = {
    "red": (214, 32, 38),
    "crimson": (176, 20, 50),
    "scarlet": (230, 45, 20),
    "maroon": (110, 18, 36),
    "burgundy": (118, 24, 50),
    "orange": (244, 130, 24),
    "coral": (250, 128, 104),
    "salmon": (246, 144, 126),
    "peach": (250, 196, 160),
    "amber": (250, 180, 30),
    "gold": (218, 168, 44),
    "golden": (218, 168, 44),
    "yellow": (250, 214, 40),
    "lime": (160, 220, 40),
    "green": (44, 152, 66),
    "emerald": (24, 160, 104),
    "olive": (122, 124, 44),
    "mint": (166, 226, 196),
    "teal": (18, 130, 130),
    "turquoise": (52, 204, 196),
    "cyan": (40, 200, 226),
    "aqua": (70, 210, 220),
    "sky blue": (126, 190, 236),
    "blue": (38, 88, 208),
    "navy": (24, 38, 96),
    "indigo": (62, 42, 140),
    "violet": (130, 70, 200),
    "purple": (120, 48, 164),
    "lavender": (190, 174, 232),
    "lilac": (200, 162, 214),
    "magenta": (214, 40, 160),
    "pink": (246, 130, 178),
    "rose": (230, 96, 130),
    "brown": (120, 76, 42),
    "tan": (204, 172, 128),
    "beige": (226, 210, 178),
    "cream": (250, 240, 214),
    "ivory": (250, 248, 232),
    "khaki": (186, 172, 120),
    "white": (255, 255, 255),
    "silver": (196, 200, 204),
    "gray": (128, 128, 128),
    "charcoal": (54, 58, 64),
    "black": (0, 0, 0),
}
"""Name -> the colour that it is taken for."""

_SHADES: Mapping[str, tuple[Colour, float]] = {
    "light": ((255, 255, 255), 0.45),
    "pale": ((255, 255, 255), 0.6),
    "pastel": ((255, 255, 255), 0.5),
    "soft": ((255, 255, 255), 0.3),
    "dark": ((0, 0, 0), 0.45),
    "deep": ((0, 0, 0), 0.3),
}
"""Word before a colour -> what is mixed into it, and how much."""
_PLAIN = "bright|vivid|pure|solid|plain|rich|warm"
_HEX = 16

NAMED = (
    rf"(?!black (?:and )?white\b|gray ?scale)(?:{'|'.join(sorted(COLOURS, key=len, reverse=True))})"
)
"""A pattern for the name of a colour, without a shade."""
SHADED = rf"(?:(?:{'|'.join(_SHADES)}|{_PLAIN}) )*{NAMED}|#[0-9a-f]{{6}}"
"""A pattern for a colour: `dark blue`, `#ff8800`."""
_LAST_NAME = re.compile(rf"{NAMED}$")


def colour_of(text: str) -> Colour:
    """Return the colour that a text which matches `SHADED` means.

    >>> colour_of("blue"), colour_of("dark blue"), colour_of("#ff8800")
    ((38, 88, 208), (21, 48, 114), (255, 136, 0))
    """
    if text.startswith("#"):
        return int(text[1:3], _HEX), int(text[3:5], _HEX), int(text[5:7], _HEX)
    name = family_of(text)
    colour = COLOURS[name]
    for word in text.removesuffix(name).split():
        if word in _SHADES:
            other, share = _SHADES[word]
            red, green, blue = (
                round(a + (b - a) * share) for a, b in zip(colour, other, strict=True)
            )
            colour = red, green, blue
    return colour


def family_of(text: str) -> str:
    """Return the name within a colour that has one, without shades.

    Raises:
        ValueError: it has none.

    >>> family_of("dark sky blue")
    'sky blue'
    """
    found = _LAST_NAME.search(text)
    if found is None:
        raise ValueError(text)
    return found[0]
