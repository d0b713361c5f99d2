"""Looks: effects of a prompt's words on a picture, as data."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any, TypeAlias
from unicodedata import normalize

Colour: TypeAlias = tuple[float, float, float]
"""Red, green and blue, 0 to 255 each."""
_WORD = re.compile(r"[^\W\d_]+|\d+")
_NEGATIONS = frozenset({"no", "not", "without", "never", "non"})
_MOST_LOOKS = 3
"""Of one prompt: more would be mud."""


@dataclass(frozen=True, slots=True)
class Look:
    """A material, a mood, a way to draw or a colour; see `looks.toml`."""

    style: str = ""
    """The style of the style network that repaints it first; empty: none."""
    own_colours: float = 0.0
    """Share of the picture's colours that the style leaves, 0 to 1."""
    tones: tuple[Colour, ...] = ()
    """Colours from the darkest to the lightest that replace the picture's own; empty: they stay."""
    relief: float = 0.0
    """Strength of shading as a carved surface, 0 to 1."""
    gloss: float = 0.0
    """Brightness of its highlights, 0 to 1."""
    bands: float = 0.0
    """Frequency of alternating light and dark, as reflections in metal, 0 to 1."""
    veins: float = 0.0
    """Strength of veins or cracks, 0 to 1."""
    vein: Colour = (90, 90, 96)
    grain: float = 0.0
    """Coarseness of its matter, as in stone or paper, 0 to 1."""
    brightness: float = 0.0
    """Added, -1 to 1."""
    contrast: float = 1.0
    saturation: float = 1.0
    tint: Colour = (128, 128, 128)
    tinted: float = 0.0
    """Strength of the tint, 0 to 1."""
    vignette: float = 0.0
    """Darkening of its corners, 0 to 1."""
    glow: float = 0.0
    """Spread of light, 0 to 1."""
    clarity: float = 0.0
    """Added local contrast; below 0: less."""
    outlines: float = 0.0
    """Darkness of lines around forms, 0 to 1."""
    levels: int = 0
    """The number of tones that are left; 0: all."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Look that a prompt asks for."""

    looks: tuple[Look, ...]
    understood: bool
    """False if there are words, and all of them are unknown."""


def read(prompt: str) -> Reading:
    """Return the looks that a prompt names, in its order; what stands behind "no" is none of them.

    >>> [len(read(prompt).looks) for prompt in ("Gold!", "angry, menacing", "no gold")]
    [1, 1, 0]
    >>> read("qwrtp").understood, read("").understood
    (False, True)
    """
    words = _words(prompt)
    phrases = _phrases()
    longest = max(map(len, phrases))
    names: dict[str, None] = {}
    known, index = 0, 0
    while index < len(words):
        for length in range(min(longest, len(words) - index), 0, -1):
            name = phrases.get(tuple(words[index : index + length]))
            if name is not None:
                known += 1
                if index == 0 or words[index - 1] not in _NEGATIONS:
                    names[name] = None
                index += length
                break
        else:
            index += 1
    looks = tuple(_looks()[name] for name in list(names)[:_MOST_LOOKS])
    return Reading(looks, understood=not words or known > 0)


def _words(text: str) -> list[str]:
    return _WORD.findall(normalize("NFKC", text).casefold())


@cache
def _looks() -> Mapping[str, Look]:
    known = {field.name for field in fields(Look)}
    return {
        name: Look(**{key: _value(value) for key, value in entry.items() if key in known})
        for name, entry in _document().items()
    }


@cache
def _phrases() -> Mapping[tuple[str, ...], str]:
    """Return the words that name each look: phrase -> its name."""
    return {
        tuple(_words(phrase)): name
        for name, entry in _document().items()
        for phrase in (name.replace("_", " "), *entry.get("words", ()))
    }


def _value(value: Any) -> Any:
    """Return a value of the file with tuples for lists."""
    return tuple(_value(one) for one in value) if isinstance(value, list) else value


@cache
def _document() -> Mapping[str, Mapping[str, Any]]:
    text = resources.files(__package__).joinpath("looks.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
