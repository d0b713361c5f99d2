"""Vector drawing over an array of pixels, by Skia."""

from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import skia
from numpy.typing import NDArray

from fondaco.engines.painter.surface.colour import Colour, Pixels

Fill: TypeAlias = Any
"""A paint of Skia's, from `flat`, `linear` or `radial`."""
Point: TypeAlias = tuple[float, float]
Points: TypeAlias = Sequence[Point] | NDArray[np.floating]


def flat(colour: Colour, alpha: float = 1.0, *, blur: float = 0.0, glow: bool = False) -> Fill:
    """Return a fill of one colour; `glow` adds its light to what is below."""
    return _finished(skia.Paint(AntiAlias=True, Color=_packed(colour, alpha)), blur, glow)


def linear(
    start: Point,
    end: Point,
    colours: Sequence[Colour],
    *,
    alphas: Sequence[float] | None = None,
    at: Sequence[float] | None = None,
    blur: float = 0.0,
    glow: bool = False,
) -> Fill:
    """Return a fill whose colour runs from one point to another; `at` places the colours, 0 to 1."""
    shades = _shades(colours, alphas)
    ends = [skia.Point(*map(float, start)), skia.Point(*map(float, end))]
    shader = skia.GradientShader.MakeLinear(ends, shades, list(at) if at else None)
    return _finished(skia.Paint(AntiAlias=True, Shader=shader), blur, glow)


def radial(
    centre: Point,
    radius: float,
    colours: Sequence[Colour],
    *,
    alphas: Sequence[float] | None = None,
    at: Sequence[float] | None = None,
    blur: float = 0.0,
    glow: bool = False,
) -> Fill:
    """Return a fill whose colour runs from a centre outwards."""
    shades = _shades(colours, alphas)
    middle = skia.Point(*map(float, centre))
    shader = skia.GradientShader.MakeRadial(
        middle, max(0.1, float(radius)), shades, list(at) if at else None
    )
    return _finished(skia.Paint(AntiAlias=True, Shader=shader), blur, glow)


def ball(centre: Point, radius: float, colour: Colour, light: Colour) -> Fill:
    """Return the fill of a sphere that is lit from the upper left."""
    x, y = centre
    tones = (
        _toned(colour, light, 0.6),
        colour,
        _toned(colour, (60, 24, 30), 0.42),
        _toned(colour, (24, 12, 26), 0.75),
    )
    return radial(
        (x - radius * 0.36, y - radius * 0.42), radius * 1.5, tones, at=(0, 0.34, 0.76, 1)
    )


def column(left: float, right: float, colour: Colour, light: Colour) -> Fill:
    """Return the fill of an upright round body that is lit from the left."""
    tones = (_toned(colour, light, 0.3), colour, _toned(colour, (20, 16, 40), 0.55))
    return linear((left, 0), (right, 0), tones, at=(0, 0.38, 1))


class Canvas:
    """Draws on an array [height, width, 4] of bytes; coordinates are pixels from the upper left."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._pixels = pixels  # Skia keeps no reference to the bytes
        self._surface = skia.Surface(
            pixels, colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kPremul_AlphaType
        )
        self._canvas = self._surface.getCanvas()

    def polygon(self, points: Points, fill: Fill) -> None:
        """Fill a polygon."""
        self._canvas.drawPath(_path(points, closed=True), fill)

    def blob(self, points: Points, fill: Fill) -> None:
        """Fill a smooth closed curve through some points."""
        self._canvas.drawPath(_smooth(np.asarray(points, float)), fill)

    def line(self, points: Points, fill: Fill, width: float, *, closed: bool = False) -> None:
        """Stroke a line through some points, with round ends."""
        stroke = skia.Paint(fill)
        stroke.setStyle(skia.Paint.kStroke_Style)
        stroke.setStrokeWidth(float(width))
        stroke.setStrokeCap(skia.Paint.kRound_Cap)
        stroke.setStrokeJoin(skia.Paint.kRound_Join)
        self._canvas.drawPath(_path(points, closed=closed), stroke)

    def outline(self, points: Points, fill: Fill, width: float) -> None:
        """Stroke a smooth closed curve through some points."""
        stroke = skia.Paint(fill)
        stroke.setStyle(skia.Paint.kStroke_Style)
        stroke.setStrokeWidth(float(width))
        self._canvas.drawPath(_smooth(np.asarray(points, float)), stroke)

    def circle(self, x: float, y: float, radius: float, fill: Fill) -> None:
        """Fill a circle."""
        self._canvas.drawCircle(float(x), float(y), float(radius), fill)

    def ellipse(self, x: float, y: float, across: float, down: float, fill: Fill) -> None:
        """Fill an ellipse by its centre and radii."""
        self._canvas.drawOval(_rectangle(x - across, y - down, 2 * across, 2 * down), fill)

    def rectangle(self, x: float, y: float, width: float, height: float, fill: Fill) -> None:
        """Fill a rectangle by its upper left corner and size."""
        self._canvas.drawRect(_rectangle(x, y, width, height), fill)

    def dots(self, points: Iterable[tuple[float, float, float, Colour, float]]) -> None:
        """Fill many circles: x, y, radius, colour, alpha."""
        paint = skia.Paint(AntiAlias=True)
        for x, y, radius, colour, alpha in points:
            paint.setColor(_packed(colour, alpha))
            self._canvas.drawCircle(float(x), float(y), float(radius), paint)

    def dashes(
        self, lines: Iterable[tuple[float, float, float, float, float, Colour, float]]
    ) -> None:
        """Stroke many straight lines: from x, y to x, y, width, colour, alpha."""
        paint = skia.Paint(AntiAlias=True, StrokeCap=skia.Paint.kRound_Cap)
        for x0, y0, x1, y1, width, colour, alpha in lines:
            paint.setColor(_packed(colour, alpha))
            paint.setStrokeWidth(float(width))
            self._canvas.drawLine(float(x0), float(y0), float(x1), float(y1), paint)

    def brush(self, tracks: NDArray[np.floating], colours: Pixels, width: float) -> None:
        """Stroke many tracks [strokes, points, 2] of one width, in order, with colours [strokes, 4]."""
        paint = skia.Paint(
            AntiAlias=True,
            Style=skia.Paint.kStroke_Style,
            StrokeWidth=float(width),
            StrokeCap=skia.Paint.kRound_Cap,
            StrokeJoin=skia.Paint.kRound_Join,
        )
        packed = np.clip(colours, 0, 255).astype(int).tolist()
        for track, (red, green, blue, alpha) in zip(tracks.tolist(), packed, strict=True):
            path = skia.Path()
            path.addPoly([skia.Point(x, y) for x, y in track], False)  # noqa: FBT003 - Skia's own
            paint.setColor(skia.Color(red, green, blue, alpha))
            self._canvas.drawPath(path, paint)

    def picture(self, pixels: NDArray[np.uint8], x: float, y: float) -> None:
        """Lay a picture [height, width, 4], premultiplied, over this one."""
        image = skia.Image.fromarray(
            pixels, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType, copy=True
        )
        self._canvas.drawImage(image, float(x), float(y))

    def svg(self, markup: bytes, box: tuple[float, float, float, float], unit: float) -> None:
        """Draw an SVG document of `unit` by `unit` into a box of x, y, width, height.

        Raises:
            ValueError: Skia cannot read it.
        """
        document = skia.SVGDOM.MakeFromStream(skia.MemoryStream(markup, True))  # noqa: FBT003
        if document is None:
            raise ValueError(markup[:80])
        x, y, width, height = box
        self._canvas.save()
        self._canvas.translate(float(x), float(y))
        self._canvas.scale(float(width / unit), float(height / unit))
        document.setContainerSize(skia.Size(unit, unit))
        document.render(self._canvas)
        self._canvas.restore()

    @contextmanager
    def turned(self, x: float, y: float, degrees: float = 0.0, *, flipped: bool = False) -> Any:
        """Draw around a point as the origin, turned, and mirrored where `flipped`."""
        self._canvas.save()
        self._canvas.translate(float(x), float(y))
        self._canvas.rotate(float(degrees))
        if flipped:
            self._canvas.scale(-1.0, 1.0)
        try:
            yield
        finally:
            self._canvas.restore()

    def finish(self) -> None:
        """Flush the drawing to the array."""
        self._surface.flushAndSubmit()


def _packed(colour: Colour, alpha: float) -> int:
    red, green, blue = (int(min(255.0, max(0.0, part))) for part in colour)
    packed: int = skia.Color(red, green, blue, int(255 * min(1.0, max(0.0, alpha))))
    return packed


def _shades(colours: Sequence[Colour], alphas: Sequence[float] | None) -> list[int]:
    opacities = alphas if alphas is not None else [1.0] * len(colours)
    return [_packed(colour, alpha) for colour, alpha in zip(colours, opacities, strict=True)]


def _finished(paint: Fill, blur: float, glow: bool) -> Fill:  # noqa: FBT001 - private
    if blur > 0:
        paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, float(blur)))
    if glow:
        paint.setBlendMode(skia.BlendMode.kScreen)
    return paint


def _toned(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _path(points: Points, *, closed: bool) -> Any:
    path = skia.Path()
    path.addPoly([skia.Point(float(x), float(y)) for x, y in points], closed)
    return path


def _smooth(points: NDArray[np.floating]) -> Any:
    """Return a closed curve through the points (Catmull-Rom, as cubic Béziers)."""
    path = skia.Path()
    before, after = np.roll(points, 1, 0), np.roll(points, -1, 0)
    pull = (after - before) / 6
    leave, arrive = points + pull, np.roll(points - pull, -1, 0)
    path.moveTo(float(points[0, 0]), float(points[0, 1]))
    for one, other, end in zip(leave.tolist(), arrive.tolist(), after.tolist(), strict=True):
        path.cubicTo(*one, *other, *end)
    path.close()
    return path


def _rectangle(x: float, y: float, width: float, height: float) -> Any:
    return skia.Rect.MakeXYWH(float(x), float(y), float(width), float(height))
