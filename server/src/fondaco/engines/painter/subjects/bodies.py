"""Bodies for animals of which only a head is drawn: seated, seen from the front."""

from fondaco.engines.painter.subjects.sprite import noto, recoloured
from fondaco.engines.painter.surface.canvas import Canvas, column, radial
from fondaco.engines.painter.surface.colour import Colour, darker, lighter, mix

_LIGHT: Colour = (255, 246, 226)
_TAILED = frozenset({"fox", "wolf", "lion"})
_COATS: dict[str, tuple[Colour, Colour]] = {
    "panda": (((246, 246, 244)), (48, 48, 56)),
    "lion": ((232, 172, 84), (232, 172, 84)),
    "frog": ((128, 178, 60), (128, 178, 60)),
    "fox": ((240, 106, 36), (92, 52, 44)),
    "wolf": ((148, 152, 162), (118, 122, 134)),
    "polar-bear": ((240, 244, 248), (226, 232, 240)),
    "koala": ((150, 154, 160), (132, 136, 144)),
    "bear": ((132, 88, 66), (112, 72, 54)),
    "hamster": ((240, 178, 120), (236, 170, 112)),
}
"""The colour of the body and of the legs."""


def draw_animal(canvas: Canvas, name: str, size: float, colour: Colour | None) -> None:
    """Draw a seated animal into a box `size` wide and high."""
    coat, legs = _COATS.get(name, ((150, 120, 100), (130, 100, 84)))
    if colour is not None:
        coat, legs = colour, darker(colour, 0.2)
    pale = mix(coat, (255, 250, 240), 0.82)
    if name in _TAILED:
        _tail(canvas, size, coat, pale, tuft=name == "lion")
    body = [
        (-0.13, -0.66),
        (-0.22, -0.5),
        (-0.3, -0.26),
        (-0.32, -0.08),
        (-0.2, -0.01),
        (0.2, -0.01),
        (0.32, -0.08),
        (0.3, -0.26),
        (0.22, -0.5),
        (0.13, -0.66),
    ]
    _shape(canvas, size, body, coat)
    chest = [
        (-0.1, -0.58),
        (-0.15, -0.42),
        (-0.11, -0.24),
        (0, -0.17),
        (0.11, -0.24),
        (0.15, -0.42),
        (0.1, -0.58),
    ]
    if name != "frog":
        placed = _placed(size, chest)
        canvas.blob(
            placed, radial((size * 0.5, size * 0.58), size * 0.32, (pale, mix(pale, coat, 0.5)))
        )
    for side in (-1, 1):
        _shape(
            canvas,
            size,
            [
                (side * 0.34, -0.16),
                (side * 0.27, -0.25),
                (side * 0.16, -0.12),
                (side * 0.2, 0.0),
                (side * 0.34, -0.01),
            ],
            mix(coat, legs, 0.5),
        )
        _shape(
            canvas,
            size,
            [
                (side * 0.055, -0.36),
                (side * 0.155, -0.36),
                (side * 0.16, -0.12),
                (side * 0.17, -0.01),
                (side * 0.1, 0.0),
                (side * 0.035, -0.01),
                (side * 0.05, -0.14),
            ],
            legs,
        )
    wide = size * 0.6
    head = noto(name, max(8, int(wide)))
    if colour is not None:
        head = recoloured(head, colour)
    canvas.picture(head, size * 0.5 - wide / 2, -wide * 0.03)


def _tail(canvas: Canvas, size: float, coat: Colour, pale: Colour, *, tuft: bool) -> None:
    if tuft:
        line = _placed(size, [(0.24, -0.06), (0.4, -0.08), (0.46, -0.22), (0.4, -0.36)])
        canvas.line(line, column(line[0][0], line[2][0], coat, _LIGHT), size * 0.035)
        x, y = line[-1]
        canvas.circle(
            x, y, size * 0.05, radial((x, y), size * 0.05, ((150, 90, 50), (110, 60, 36)))
        )
        return
    _shape(
        canvas,
        size,
        [
            (0.18, -0.02),
            (0.4, -0.01),
            (0.49, -0.16),
            (0.46, -0.38),
            (0.37, -0.3),
            (0.33, -0.16),
            (0.2, -0.12),
        ],
        coat,
    )
    _shape(
        canvas,
        size,
        [(0.46, -0.38), (0.49, -0.27), (0.45, -0.22), (0.37, -0.27), (0.385, -0.32)],
        pale,
    )


def _placed(size: float, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(size * (0.5 + x), size * (1 + y)) for x, y in points]


def _shape(canvas: Canvas, size: float, points: list[tuple[float, float]], colour: Colour) -> None:
    placed = _placed(size, points)
    xs = [x for x, _ in placed]
    canvas.blob(placed, column(min(xs), max(xs), lighter(colour, 0.04), _LIGHT))
