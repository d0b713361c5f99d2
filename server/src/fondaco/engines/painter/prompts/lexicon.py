"""The lexicon: meanings of words and phrases in prompts."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources

from fondaco.engines.painter.subjects.catalogue import drawings
from fondaco.engines.painter.surface.colour import Colour

LONGEST_PHRASE = 4
_READ_CHARACTERS = 4000
"""Of a prompt: what stands behind it is not read. Reading takes 20 ms for as much."""
_WORD = re.compile(r"[^\W_]+(?:['&-][^\W_]+)*|[,.;:!?|()\n]")


class Kind(Enum):
    """Kind of information that a phrase gives."""

    SCENE = "scenes"
    TIME = "times"
    WEATHER = "weather"
    SEASON = "seasons"
    SKY = "sky"
    FLORA = "flora"
    VESSEL = "vessels"
    STYLE = "styles"
    RECIPE = "recipes"
    COUNT = "counts"
    SIZE = "sizes"
    RELATION = "relations"
    POSE = "poses"
    GLUE = "glue"
    COLOUR = "colours"
    NOUN = "nouns"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that a phrase means."""

    kind: Kind
    value: str
    plural: bool = False


@cache
def phrases() -> Mapping[str, tuple[Meaning, ...]]:
    """Return the meanings of each phrase; a phrase may have several, as "orange" and "snow" do."""
    found: dict[str, list[Meaning]] = {}
    for kind in Kind:
        for value, words in _table(kind).items():
            for phrase in words:
                found.setdefault(phrase, []).append(Meaning(kind, value))
    return {phrase: tuple(meanings) for phrase, meanings in found.items()}


def meanings(words: tuple[str, ...]) -> tuple[Meaning, ...]:
    """Return what some words mean together; a plural is looked up by its singulars."""
    phrase = " ".join(words)
    if known := phrases().get(phrase):
        return known
    for singular in singulars(words[-1]):
        if known := phrases().get(" ".join((*words[:-1], singular))):
            return tuple(Meaning(one.kind, one.value, plural=True) for one in known)
    return ()


def singulars(word: str) -> tuple[str, ...]:
    """Return the words that a word may be the plural of."""
    if len(word) < 4 or (not word.endswith("s") and word not in _IRREGULAR):  # "gas"
        return (_IRREGULAR[word],) if word in _IRREGULAR else ()
    if word in _IRREGULAR:
        return (_IRREGULAR[word],)
    stems = [word[:-1]]
    if word.endswith("es"):
        stems.append(word[:-2])
    if word.endswith("ies"):
        stems.append(word[:-3] + "y")
    if word.endswith("ves"):
        stems += [word[:-3] + "f", word[:-3] + "fe"]
    return tuple(stems)


def words(text: str) -> tuple[str, ...]:
    """Return a text's words in lower case, without accents; marks between phrases become ","."""
    plain = unicodedata.normalize("NFKD", text[:_READ_CHARACTERS]).lower()
    kept = "".join(one for one in plain if not unicodedata.combining(one))
    found = _WORD.findall(kept.replace("\u2019", "'"))
    return tuple("," if not one[0].isalnum() else one for one in found)


@cache
def colours() -> Mapping[str, Colour]:
    """Return the colours that have a name."""
    table: Mapping[str, tuple[float, float, float]] = tomllib.loads(_text())["colours"]
    return {name: (red, green, blue) for name, (red, green, blue) in table.items()}


def order_of_scenes() -> tuple[str, ...]:
    """Return the scenes, the most telling first."""
    return tuple(_document()["scenes"])


def _table(kind: Kind) -> Mapping[str, list[str]]:
    if kind is Kind.NOUN:
        return {one.name: list(one.words) for one in drawings().values()}
    if kind is Kind.COLOUR:
        return {name: [name] for name in colours()}
    return {
        value: [" ".join(part.split()) for part in text.split(",")]
        for value, text in _document()[kind.value].items()
    }


@cache
def _document() -> Mapping[str, dict[str, str]]:
    return tomllib.loads(_text())


def _text() -> str:
    return resources.files(__package__).joinpath("lexicon.toml").read_text(encoding="utf-8")


_IRREGULAR = {
    "mice": "mouse", "geese": "goose", "men": "man", "women": "woman", "children": "child",
    "people": "person", "oxen": "ox", "wolves": "wolf", "leaves": "leaf", "knives": "knife",
    "loaves": "loaf", "buses": "bus", "teeth": "tooth",
}  # fmt: skip
