"""The brief: the understood part of a prompt, as a painter would note it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from fondaco.engines.painter.surface.colour import Colour

Time: TypeAlias = Literal["dawn", "day", "dusk", "night"]
Relation: TypeAlias = Literal[
    "riding", "on", "inside", "over", "under", "beside", "behind", "before"
]


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing in the picture."""

    noun: str
    """The name of a drawing."""
    count: int = 1
    colour: Colour | None = None
    scale: float = 1.0
    relation: Relation | None = None
    """Position relative to the subject named before or after it."""
    to: int | None = None
    """The index of that subject, among the brief's."""
    flying: bool = False


@dataclass(frozen=True, slots=True)
class Brief:
    """Description of the painting."""

    scene: str
    time: Time = "day"
    also: frozenset[str] = frozenset()
    """Everything else that is wished: other scenes, weather, seasons, things of the sky, plants."""
    without: frozenset[str] = frozenset()
    """Likewise, of the negative prompt, with the nouns and words that it names."""
    palette: tuple[Colour, ...] = ()
    """Colours that are named for the picture as a whole."""
    tinted: tuple[tuple[str, Colour], ...] = ()
    """Parts of the scene, such as "sea" or "sky", with the colour that they are to have."""
    subjects: tuple[Subject, ...] = ()
    stroke: str | None = None
    recipe: str | None = None
    understood: bool = True
    unknown: tuple[str, ...] = ()
    """Words that mean nothing to the painter."""

    def has(self, *names: str) -> bool:
        """Return whether any of these is wished, and none of it excluded."""
        return any(name in self.also and name not in self.without for name in names)

    def tint(self, *parts: str) -> Colour | None:
        """Return the colour that a part of the scene is to have."""
        return next((colour for part, colour in self.tinted if part in parts), None)
