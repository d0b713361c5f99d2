"""A shot: the moves of a camera, one after the other or together, and how they speed up and slow down."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import pi, sin
from typing import Any, Literal, TypeAlias


class Motion(StrEnum):
    """Camera motion, by the name that film crews use."""

    PAN = "pan"
    """It turns to a side, on the spot: everything shifts alike."""
    TILT = "tilt"
    """It turns up or down, on the spot."""
    TRUCK = "truck"
    """It moves to a side: what is near shifts further than what is far."""
    PEDESTAL = "pedestal"
    """It moves up or down."""
    ZOOM = "zoom"
    """Its lens narrows or widens: everything grows alike."""
    DOLLY = "dolly"
    """It moves on or back: what is near grows more than what is far."""
    DOLLY_ZOOM = "dolly zoom"
    """It moves on and zooms out, or the reverse: the subject keeps its size."""
    ORBIT = "orbit"
    """It moves around the subject, which stays where it is."""


class Ease(StrEnum):
    """Easing of a move: how its speed changes."""

    BOTH = "both"
    """It starts and ends gently."""
    START = "start"
    """It starts gently, and is quickest at its end."""
    END = "end"
    """It is quickest at its start, and ends gently."""
    NONE = "none"
    """It has one speed."""


Direction: TypeAlias = Literal[1, -1]
"""1: right, up, in; -1: left, down, out. An orbit to the right goes round counter-clockwise, seen from
above."""


@dataclass(frozen=True, slots=True)
class Move:
    """One motion of a camera."""

    motion: Motion
    direction: Direction = 1
    strength: float = 1.0
    """Extent of the move: 1 is usual."""


@dataclass(frozen=True, slots=True)
class Shot:
    """All moves of a video."""

    phases: tuple[tuple[Move, ...], ...]
    """One after the other; the moves of each at the same time. A phase without moves stands still."""
    ease: Ease = Ease.BOTH

    @property
    def goes_places(self) -> bool:
        """Whether the camera leaves its spot, so that depth shows."""
        return any(move.motion not in _ON_THE_SPOT for phase in self.phases for move in phase)

    @property
    def grows(self) -> bool:
        """Whether a lens alone makes what is seen grow or shrink."""
        return any(move.motion is Motion.ZOOM for phase in self.phases for move in phase)


def shot_of(fields: Mapping[str, Any]) -> Shot:
    """Return a shot of the JSON that `asdict` makes of it."""
    return Shot(
        tuple(
            tuple(
                Move(Motion(move["motion"]), move["direction"], move["strength"]) for move in phase
            )
            for phase in fields["phases"]
        ),
        Ease(fields["ease"]),
    )


_ON_THE_SPOT = frozenset({Motion.PAN, Motion.TILT, Motion.ZOOM})
_RAMP = 0.3
"""The share of a move in which it gets up to speed, and in which it slows down."""


def eased(share: float, ease: Ease) -> float:
    """Return how much of a move is done after a share of its time.

    >>> [round(eased(share, Ease.BOTH), 3) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    [0.0, 0.144, 0.5, 0.856, 1.0]
    """
    share = min(1.0, max(0.0, share))
    match ease:
        case Ease.BOTH:
            return _ramped(share)
        case Ease.START:
            return share * share
        case Ease.END:
            return 1 - (1 - share) ** 2
        case Ease.NONE:
            return share


def _ramped(share: float) -> float:
    """Return the way at a speed that rises and falls along a cosine, and is constant in between."""
    if share > 1 / 2:
        return 1 - _ramped(1 - share)
    way = 1 - _RAMP  # fraction of the time spent at full speed
    if share >= _RAMP:
        return (share - _RAMP / 2) / way
    angle = pi * share / _RAMP
    return (share - _RAMP / pi * sin(angle)) / (2 * way)
