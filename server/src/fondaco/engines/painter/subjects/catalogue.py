"""The catalogue of drawings: which nouns they show, where they belong and how large they are."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

Place: TypeAlias = Literal["ground", "air", "water", "deep", "table", "space"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """One thing that can be drawn."""

    name: str
    words: tuple[str, ...]
    place: Place
    """Usual place, if the prompt names none."""
    home: str
    """The scene around it, if the prompt names none."""
    size: float
    """Its height as a share of the picture's shorter side, alone."""
    drawn: Literal["noto", "head", "code"]
    """As a whole drawing of Noto's, a head of Noto's that wants a body, or in code."""


@cache
def drawings() -> Mapping[str, Drawing]:
    """Return all drawings by name."""
    text = resources.files(__package__).joinpath("drawings.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    aliases: dict[str, str] = document["aliases"]
    found: dict[str, Drawing] = {}
    for group in document["group"]:
        for name in group["names"].split():
            own = "" if name in document["silent"] else name.replace("-", " ")
            also = [word.strip() for word in aliases.get(name, "").split(",")]
            found[name] = Drawing(
                name,
                tuple(dict.fromkeys(word for word in (own, name, *also) if word)),
                group["place"],
                group["home"],
                group["size"],
                group.get("drawn", "noto"),
            )
    return found
