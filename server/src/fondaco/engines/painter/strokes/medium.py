"""The medium of a finish: its parameters from the table of styles, and how far it is carried out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from fondaco.engines.painter.surface.colour import Colour

Value: TypeAlias = float | int | str | list[float] | list[list[float]]


@dataclass(frozen=True, slots=True)
class Medium:
    """Parameters of one finish, such as oil or woodcut."""

    detail: float
    """0 to 1: how far the finish is carried out; from the request's steps."""
    values: Mapping[str, Value]
    """As the table of styles has them."""

    def number(self, name: str, default: float) -> float:
        """Return a parameter."""
        value = self.values.get(name, default)
        return float(value) if isinstance(value, int | float) else default

    def numbers(self, name: str, default: tuple[float, ...]) -> tuple[float, ...]:
        """Return a list of numbers."""
        value = self.values.get(name)
        if not isinstance(value, list):
            return default
        return tuple(float(one) for one in value if isinstance(one, int | float))

    def colour(self, name: str, default: Colour) -> Colour:
        """Return a colour."""
        found = self.numbers(name, default)
        return (found[0], found[1], found[2])
