"""People: figures in costume, standing, or seated to ride."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fondaco.engines.painter.subjects.hats import HATS
from fondaco.engines.painter.surface.canvas import Canvas, ball, column, flat
from fondaco.engines.painter.surface.colour import Colour, darker

_SKINS: tuple[Colour, ...] = ((236, 190, 156), (198, 142, 104), (142, 94, 66), (246, 208, 178))
_HAIRS: tuple[Colour, ...] = (
    (52, 38, 34),
    (112, 72, 44),
    (196, 150, 84),
    (150, 70, 40),
    (40, 36, 44),
)
_LIGHT: Colour = (255, 246, 226)


@dataclass(frozen=True, slots=True)
class Costume:
    """Clothes of a figure."""

    top: Colour
    legs: Colour
    hat: Literal[
        "none",
        "wizard",
        "crown",
        "helmet",
        "visor",
        "straw",
        "cap",
        "hood",
        "samurai",
        "tricorn",
        "toque",
        "mask",
        "halo",
        "robot",
    ] = "none"
    hat_colour: Colour = (90, 70, 60)
    robe: bool = False
    """A skirt or robe down to the feet."""
    knee: bool = False
    """A skirt down to the knees."""
    cape: Colour | None = None
    beard: Colour | None = None
    long_hair: bool = False
    bulky: float = 1.0
    held: Literal["none", "staff", "sword", "fork", "wings", "rod"] = "none"
    child: bool = False


COSTUMES: dict[str, Costume] = {
    "man": Costume((70, 100, 140), (62, 60, 70)),
    "woman": Costume((196, 66, 72), (196, 66, 72), robe=True, long_hair=True),
    "girl": Costume((240, 190, 70), (240, 190, 70), knee=True, long_hair=True, child=True),
    "boy": Costume((80, 150, 190), (96, 80, 64), child=True),
    "astronaut": Costume((236, 238, 242), (228, 230, 236), "visor", (240, 242, 246), bulky=1.4),
    "knight": Costume((150, 158, 172), (122, 130, 146), "helmet", (166, 174, 188), cape=(170, 40, 46), bulky=1.15, held="sword"),
    "wizard": Costume((66, 60, 140), (66, 60, 140), "wizard", (60, 54, 130), robe=True, beard=(226, 226, 228), held="staff"),
    "witch": Costume((58, 46, 66), (58, 46, 66), "wizard", (44, 36, 54), robe=True, long_hair=True, held="staff"),
    "king": Costume((150, 34, 50), (150, 34, 50), "crown", (236, 190, 70), robe=True, cape=(120, 24, 46), beard=(150, 120, 90)),
    "queen": Costume((120, 50, 130), (120, 50, 130), "crown", (240, 200, 90), robe=True, long_hair=True, cape=(90, 30, 90)),
    "princess": Costume((240, 150, 186), (240, 160, 194), "crown", (246, 208, 96), robe=True, long_hair=True),
    "samurai": Costume((150, 40, 40), (50, 46, 60), "samurai", (58, 54, 66), knee=True, bulky=1.15, held="sword"),
    "ninja": Costume((40, 42, 54), (36, 38, 48), "mask", (40, 42, 54), held="sword"),
    "monk": Costume((206, 110, 40), (206, 110, 40), robe=True),
    "pirate": Costume((120, 40, 44), (60, 56, 60), "tricorn", (40, 36, 40), beard=(60, 44, 36), held="sword"),
    "farmer": Costume((86, 110, 150), (70, 90, 130), "straw", (226, 190, 110), held="fork"),
    "cook": Costume((246, 246, 242), (90, 96, 110), "toque", (250, 250, 248)),
    "dancer": Costume((240, 170, 190), (240, 190, 206), knee=True, long_hair=True),
    "fisherman": Costume((236, 190, 60), (70, 84, 110), "cap", (50, 70, 110), beard=(180, 170, 160), held="rod"),
    "santa-claus": Costume((200, 40, 44), (190, 36, 40), "cap", (200, 40, 44), beard=(246, 246, 244), bulky=1.3),
    "angel": Costume((246, 244, 236), (246, 244, 236), "halo", (250, 220, 110), robe=True, long_hair=True, held="wings"),
    "soldier": Costume((96, 106, 72), (84, 92, 66), "cap", (80, 90, 60)),
    "robot": Costume((150, 166, 182), (120, 134, 150), "robot", (170, 186, 200), bulky=1.2),
}  # fmt: skip


def draw_figure(
    canvas: Canvas,
    chance: np.random.Generator,
    noun: str,
    size: float,
    *,
    colour: Colour | None = None,
    seated: bool = False,
) -> None:
    """Draw a figure `size` high, its feet at the middle of the lower edge of a box `size` wide."""
    costume = COSTUMES[noun]
    if colour is not None:
        costume = replace(
            costume, top=colour, legs=colour if costume.robe or costume.knee else costume.legs
        )
    _Figure(canvas, chance, costume, size, seated=seated).draw()


class _Figure:
    """One figure; coordinates are shares of its height, the origin at the middle of its feet."""

    def __init__(
        self,
        canvas: Canvas,
        chance: np.random.Generator,
        costume: Costume,
        size: float,
        *,
        seated: bool,
    ) -> None:
        self._canvas, self._costume, self._size, self._seated = canvas, costume, size, seated
        self._skin = _SKINS[chance.integers(4)]
        self._hair = _HAIRS[chance.integers(5)]
        self._head = 0.105 if costume.child else 0.078
        self._neck = -0.74 if costume.child else -0.81
        self._hip = -0.42 if costume.child else -0.48
        if seated:  # lower the body by the length of the legs
            self._neck, self._hip = self._neck + 0.24, self._hip + 0.24
        self._half = 0.105 * costume.bulky

    def draw(self) -> None:
        costume = self._costume
        if costume.held == "wings":
            for side in (-1, 1):
                self._shape(
                    [
                        (0.02 * side, -0.7),
                        (0.3 * side, -0.88),
                        (0.4 * side, -0.62),
                        (0.26 * side, -0.4),
                        (0.04 * side, -0.5),
                    ],
                    (250, 248, 240),
                )
        if costume.cape is not None:
            low = self._hip + (0.3 if self._seated else 0.38)
            self._shape(
                [(-0.1, self._neck + 0.03), (0.1, self._neck + 0.03), (0.2, low), (-0.2, low)],
                costume.cape,
            )
        if costume.long_hair:
            self._shape(
                [
                    (-self._head * 1.1, self._neck - self._head),
                    (self._head * 1.1, self._neck - self._head),
                    (self._head * 1.35, self._neck + 0.12),
                    (-self._head * 1.35, self._neck + 0.12),
                ],
                darker(self._hair, 0.2),
            )
        self._legs()
        self._torso()
        self._arms()
        self._face()
        self._hat()

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return self._size * (0.5 + x), self._size * (1 + y)

    def _shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        placed = [self._at(*point) for point in points]
        xs = [x for x, _ in placed]
        self._canvas.blob(placed, column(min(xs), max(xs), colour, _LIGHT))

    def _limb(self, points: list[tuple[float, float]], colour: Colour, width: float) -> None:
        placed = [self._at(*point) for point in points]
        self._canvas.line(placed, flat(darker(colour, 0.28)), self._size * width)
        left = [(x - self._size * width * 0.14, y) for x, y in placed]
        self._canvas.line(left, flat(colour), self._size * width * 0.68)

    def _legs(self) -> None:
        costume, half = self._costume, self._half
        wide = 0.068 * costume.bulky
        shoe = darker(costume.legs, 0.55)
        if self._seated:
            self._limb(
                [(0.0, self._hip), (-0.13, self._hip + 0.05), (-0.11, -0.0)], costume.legs, wide
            )
            self._limb([(-0.11, -0.01), (-0.16, 0.0)], shoe, wide * 0.9)
        elif not costume.robe:
            for side, stride in ((-1, -0.012), (1, 0.03)):
                self._limb(
                    [
                        (half * 0.45 * side, self._hip),
                        (half * 0.52 * side + stride, -0.24),
                        (half * 0.5 * side + stride, -0.03),
                    ],
                    costume.legs if not costume.knee else self._skin,
                    wide,
                )
                self._limb(
                    [
                        (half * 0.5 * side + stride, -0.02),
                        (half * 0.5 * side + stride - 0.035, -0.012),
                    ],
                    shoe,
                    wide * 0.8,
                )
        if costume.robe or costume.knee:
            low = self._hip + 0.2 if self._seated or costume.knee else -0.005
            spread = half * (1.75 if costume.robe else 1.5)
            self._shape(
                [
                    (-half * 0.6, self._hip - 0.06),
                    (half * 0.6, self._hip - 0.06),
                    (spread, low - 0.03),
                    (spread * 0.55, low),
                    (0, low - 0.008),
                    (-spread * 0.55, low),
                    (-spread, low - 0.03),
                ],
                costume.legs,
            )

    def _torso(self) -> None:
        top, half = self._neck + 0.035, self._half
        colour = self._costume.top
        self._shape(
            [
                (-half * 0.4, top),
                (half * 0.4, top),
                (half * 1.02, top + 0.045),
                (half * 0.86, top + 0.17),
                (half * 0.78, self._hip + 0.02),
                (0, self._hip + 0.04),
                (-half * 0.78, self._hip + 0.02),
                (-half * 0.86, top + 0.17),
                (-half * 1.02, top + 0.045),
            ],
            colour,
        )
        belt = self._hip - 0.035
        self._canvas.line(
            (self._at(-half * 0.76, belt), self._at(half * 0.76, belt)),
            flat(darker(colour, 0.5)),
            self._size * 0.016,
        )
        if self._costume.hat == "visor":
            x, y = self._at(-half * 0.42, top + 0.11)
            self._canvas.rectangle(
                x, y, self._size * half * 0.84, self._size * 0.06, flat((90, 104, 124))
            )
            self._canvas.circle(
                x + self._size * 0.03,
                y + self._size * 0.03,
                self._size * 0.012,
                flat((226, 70, 60)),
            )
            self._canvas.circle(
                x + self._size * 0.065,
                y + self._size * 0.03,
                self._size * 0.012,
                flat((90, 190, 120)),
            )

    def _arms(self) -> None:
        costume, half, top = self._costume, self._half, self._neck + 0.08
        wide = 0.052 * costume.bulky
        hand = (
            self._skin
            if costume.hat not in ("visor", "helmet", "robot")
            else darker(costume.top, 0.3)
        )
        reach = -0.18 if self._seated or costume.held != "none" else -half * 1.18
        low = self._hip - 0.07 if self._seated else self._hip - 0.02
        self._limb(
            [(half * 0.95, top), (half * 1.25, top + 0.14), (half * 1.12, self._hip + 0.015)],
            darker(costume.top, 0.12),
            wide,
        )
        self._limb(
            [(-half * 0.95, top), (-half * 1.22, top + 0.13), (reach, low)], costume.top, wide
        )
        for x, y in ((half * 1.12, self._hip + 0.02), (reach, low)):
            px, py = self._at(x, y)
            self._canvas.circle(px, py, self._size * wide * 0.46, flat(hand))
        self._hold(reach, low)

    def _hold(self, x: float, y: float) -> None:
        wood: Colour = (120, 84, 56)
        match self._costume.held:
            case "staff":
                self._canvas.line(
                    (self._at(x, y - 0.42), self._at(x, 0.0)), flat(wood), self._size * 0.02
                )
                px, py = self._at(x, y - 0.43)
                self._canvas.circle(
                    px,
                    py,
                    self._size * 0.034,
                    ball((px, py), self._size * 0.034, (110, 200, 240), _LIGHT),
                )
            case "sword":
                self._canvas.line(
                    (self._at(x - 0.02, y), self._at(x - 0.13, y - 0.34)),
                    flat((214, 220, 230)),
                    self._size * 0.02,
                )
                self._canvas.line(
                    (self._at(x - 0.075, y - 0.035), self._at(x + 0.025, y - 0.065)),
                    flat((190, 150, 70)),
                    self._size * 0.016,
                )
            case "fork":
                self._canvas.line(
                    (self._at(x, y - 0.3), self._at(x, 0.0)), flat(wood), self._size * 0.016
                )
                for k in (-0.035, 0, 0.035):
                    self._canvas.line(
                        (
                            self._at(x + k, y - 0.42),
                            self._at(x + k, y - 0.32),
                            self._at(x, y - 0.29),
                        ),
                        flat((150, 150, 156)),
                        self._size * 0.009,
                    )
            case "rod":
                self._canvas.line(
                    (self._at(x, y), self._at(x - 0.28, y - 0.42)), flat(wood), self._size * 0.012
                )
                self._canvas.line(
                    (self._at(x - 0.28, y - 0.42), self._at(x - 0.29, y + 0.3)),
                    flat((230, 232, 236), 0.8),
                    self._size * 0.003,
                )
            case _:
                pass

    def _face(self) -> None:
        costume, radius = self._costume, self._head * self._size
        x, y = self._at(0, self._neck - self._head * 0.62)
        canvas = self._canvas
        if costume.hat not in ("visor", "helmet", "robot", "mask"):
            canvas.circle(
                x,
                y,
                radius,
                flat(self._hair),
            )
            canvas.ellipse(
                x - radius * 0.08,
                y + radius * 0.16,
                radius * 0.84,
                radius * 0.82,
                ball((x, y), radius, self._skin, _LIGHT),
            )
            for side in (-1, 1):
                canvas.circle(
                    x - radius * 0.1 + side * radius * 0.32,
                    y + radius * 0.12,
                    radius * 0.085,
                    flat((40, 30, 34)),
                )
            if costume.beard is None:
                smile = [
                    (x - radius * 0.1 + radius * 0.24 * k, y + radius * (0.56 - 0.1 * k * k))
                    for k in (-1, -0.5, 0, 0.5, 1)
                ]
                canvas.line(smile, flat(darker(self._skin, 0.45)), radius * 0.07)
            else:
                canvas.blob(
                    [
                        (x - radius * 0.85, y + radius * 0.3),
                        (x - radius * 0.1, y + radius * 0.46),
                        (x + radius * 0.72, y + radius * 0.3),
                        (x + radius * 0.45, y + radius * 1.25),
                        (x - radius * 0.1, y + radius * 1.75),
                        (x - radius * 0.62, y + radius * 1.25),
                    ],
                    flat(costume.beard),
                )

    def _hat(self) -> None:
        costume = self._costume
        if costume.hat != "none":
            x, y = self._at(0, self._neck - self._head * 0.62)
            wear = HATS[costume.hat]
            wear(self._canvas, x, y, self._head * self._size, costume.hat_colour, self._skin)
