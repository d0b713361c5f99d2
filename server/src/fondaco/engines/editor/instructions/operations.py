"""Operations: instructions as values."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255 each."""

LevelName: TypeAlias = Literal["brightness", "contrast", "saturation", "warmth"]
FilterName: TypeAlias = Literal[
    "blur",
    "cartoon",
    "colourise",
    "denoise",
    "edges",
    "emboss",
    "enhance",
    "grain",
    "greyscale",
    "invert",
    "pixelate",
    "posterise",
    "sepia",
    "sharpen",
    "sketch",
    "solarise",
    "vignette",
    "vintage",
]
Region: TypeAlias = Literal["background", "subject", "sky"]
Light: TypeAlias = Literal["sunrise", "sunset", "dusk", "night", "storm", "overcast", "clear"]
"""Look of a sky at a time, or in a weather."""


@dataclass(frozen=True, slots=True)
class Level:
    """One property of the light raised or lowered."""

    name: LevelName
    amount: float
    """From -1 to 1: 0.25 is plainly visible."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A change of the whole picture that takes no more than a strength."""

    name: FilterName
    strength: float = 1.0
    """1 is the usual one, 0.5 slight, 2 heavy."""


@dataclass(frozen=True, slots=True)
class Tint:
    """All colours drawn towards one, light and dark kept."""

    colour: Colour
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Duotone:
    """Dark in one colour, light in another."""

    dark: Colour
    light: Colour


@dataclass(frozen=True, slots=True)
class Recolour:
    """Gives another colour to all that has one colour."""

    source: str
    """A key of `colours.COLOURS`."""
    target: Colour


@dataclass(frozen=True, slots=True)
class KeepColour:
    """Turns all that does not have the colour grey."""

    source: str


@dataclass(frozen=True, slots=True)
class Restyle:
    """The picture repainted in a neural style."""

    style: str
    """A key of `style_network.STYLES`."""
    own_colours: bool = False
    """Whether the picture keeps its colours, and takes over the strokes alone."""


@dataclass(frozen=True, slots=True)
class CutOut:
    """The background made transparent."""


@dataclass(frozen=True, slots=True)
class FillBackground:
    """The background replaced by one colour."""

    colour: Colour


@dataclass(frozen=True, slots=True)
class PaintSky:
    """The sky in other colours, with its clouds."""

    light: Light | Colour


@dataclass(frozen=True, slots=True)
class Within:
    """An operation on one region alone."""

    region: Region
    operation: Level | Filter | Tint


@dataclass(frozen=True, slots=True)
class Rotate:
    """Turned clockwise; the corners that appear are transparent."""

    degrees: float


@dataclass(frozen=True, slots=True)
class Flip:
    """Mirrored: left to right, or upside down."""

    axis: Literal["horizontal", "vertical"]


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of the picture, in shares of its width and height."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class CropTo:
    """The largest part in the middle that has an aspect ratio."""

    across: float
    down: float


@dataclass(frozen=True, slots=True)
class CropToSize:
    """So many pixels in the middle."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Resize:
    """Scaled to a size; of a side that is None, the aspect ratio decides."""

    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class Scale:
    """Scaled by a factor, both sides alike."""

    factor: float


@dataclass(frozen=True, slots=True)
class Border:
    """A frame around the picture, which grows by it."""

    colour: Colour
    share: float
    """Its width, of the picture's shorter side."""
    bottom: float = 1.0
    """The lower edge, as a multiple of the others."""
    pixels: int | None = None
    """Its width, if given in pixels."""


@dataclass(frozen=True, slots=True)
class RoundCorners:
    """Corners cut round, transparent beyond."""

    share: float
    """The radius, of the picture's shorter side."""


Tone: TypeAlias = Level | Filter | Tint | Duotone | Recolour | KeepColour
"""Operations that give each pixel another colour."""
Shape: TypeAlias = (
    Rotate | Flip | Crop | CropTo | CropToSize | Resize | Scale | Border | RoundCorners
)
"""Operations that move pixels, or take some away."""
Operation: TypeAlias = Tone | Restyle | CutOut | FillBackground | PaintSky | Within | Shape
