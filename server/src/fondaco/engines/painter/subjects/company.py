"""The company of subjects: each drawn, coloured, lit, and set into the scene with shadow or reflection."""

import numpy as np
from numpy.typing import NDArray

from fondaco.engines.painter.scenes import plants
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.subjects import bodies, figures, objects
from fondaco.engines.painter.subjects.catalogue import drawings
from fondaco.engines.painter.subjects.placing import Spot, place
from fondaco.engines.painter.subjects.sprite import (
    bodies as bodies_of_noto,
    draw_noto,
    lit,
    noto,
    recoloured,
)
from fondaco.engines.painter.subjects.vessels import draw_piece, draw_vessel
from fondaco.engines.painter.surface.canvas import Canvas, flat, linear, radial
from fondaco.engines.painter.surface.colour import Colour, mix

_VESSELS = ("bowl", "basket", "plate", "vase")
_INDOORS = frozenset({"still_life", "studio", "room"})
_FOREST = frozenset({"forest", "birch", "pines", "jungle"})
_GLOWING = frozenset(
    {"candle", "fire", "diya-lamp", "red-paper-lantern", "light-bulb", "fairy", "ghost"}
)
_STEAMING = frozenset({"teapot", "hot-beverage", "steaming-bowl", "pot-of-food"})


def paint_subjects(stage: Stage) -> None:
    """Paint the brief's subjects, or the vessel that holds them."""
    vessel = next((kind for kind in _VESSELS if stage.brief.has(kind)), None)
    if vessel and stage.brief.scene == "still_life":
        _still_life(stage, vessel)
        return
    if stage.brief.scene == "still_life" and not stage.brief.subjects:
        _still_life(stage, "bowl")
        return
    spots = place(stage)
    sprites = [_sprite(stage, spot) for spot in spots]
    with stage.canvas() as canvas:
        for spot, sprite in zip(spots, sprites, strict=True):
            _set(stage, canvas, spot, sprite)
            _effects(stage, canvas, spot)


def _sprite(stage: Stage, spot: Spot) -> NDArray[np.uint8]:
    """Return the picture of one thing, in the scene's light."""
    size = max(8, round(spot.size))
    chance = stage.chance(f"{spot.drawing.name} {spot.x:.0f}")
    name, colour = spot.drawing.name, spot.subject.colour
    if spot.drawing.drawn == "noto":
        pixels = noto(name, size)
        if colour is not None:
            pixels = recoloured(pixels, colour)
    elif name == "unicorn":
        pixels = recoloured(noto("horse", size), colour or objects.mane())
        horn = Canvas(pixels)
        objects.add_horn(horn, size)
        horn.finish()
    else:
        pixels = np.zeros((size, size, 4), np.uint8)
        canvas = Canvas(pixels)
        _draw(stage, canvas, chance, spot, size)
        canvas.finish()
    if spot.flipped:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    if stage.brief.scene in _INDOORS:
        return lit(
            pixels,
            (255, 246, 220),
            (250, 244, 236) if not stage.night else (206, 190, 170),
            from_left=not stage.mirrored,
        )
    ambient = mix(stage.light.ambient, (255, 255, 255), 0.35 if not stage.night else 0.4)
    if stage.brief.scene == "space":
        ambient = (226, 226, 244)
    elif stage.brief.scene == "underwater":
        ambient = (172, 214, 232)
    return lit(pixels, stage.light.colour, ambient, from_left=stage.light.x < spot.x)


def _draw(stage: Stage, canvas: Canvas, chance: np.random.Generator, spot: Spot, size: int) -> None:
    """Draw what Noto has no whole drawing of."""
    name, colour = spot.drawing.name, spot.subject.colour
    if spot.drawing.drawn == "head":
        bodies.draw_animal(canvas, name, size, colour)
    elif name == "lighthouse":
        objects.draw_lighthouse(canvas, chance, size, colour)
    elif name == "windmill":
        objects.draw_windmill(canvas, chance, size, colour)
    elif name == "hot-air-balloon":
        objects.draw_hot_air_balloon(canvas, chance, size, colour)
    elif name == "tree":
        tones = (
            plants.leaves(stage.brief)
            if colour is None
            else (colour, mix(colour, (40, 60, 30), 0.3), mix(colour, (255, 250, 220), 0.3))
        )
        plants.broadleaf(
            canvas, chance, (size / 2, size * 0.995), size * 0.72, tones, (255, 246, 214)
        )
    else:
        figures.draw_figure(canvas, chance, name, size, colour=colour, seated=spot.seated)


def _set(stage: Stage, canvas: Canvas, spot: Spot, sprite: NDArray[np.uint8]) -> None:
    """Lay a sprite into the picture, with its shadow, its reflection, or the waves before it."""
    size = sprite.shape[0]
    left, top = spot.x - size / 2, spot.y - size
    if spot.standing:
        reach = 0.5 if stage.brief.scene in _INDOORS else 0.42
        dark = flat((14, 12, 22), 0.5 if not stage.night else 0.6, blur=size * 0.03)
        canvas.ellipse(
            spot.x + size * (0.05 if stage.light.x < spot.x else -0.05),
            spot.y - size * 0.035,
            size * reach,
            size * 0.055,
            dark,
        )
    if spot.afloat:
        dip = 0.1
        shown = np.ascontiguousarray(sprite[: int(size * (1 - dip))])
        mirrored = np.ascontiguousarray(shown[::-1])
        rows = len(mirrored)
        fade = np.linspace(0.42, 0.0, rows)[:, None, None] * np.ones((1, size, 1))
        wobble = (np.sin(np.arange(rows) * 0.55) * size * 0.012 * np.linspace(0.2, 1, rows)).astype(
            int
        )
        mirrored = np.stack(
            [np.roll(row, shift, 0) for row, shift in zip(mirrored, wobble, strict=True)]
        )
        line = spot.y - size * dip
        canvas.picture(np.ascontiguousarray((mirrored * fade).astype(np.uint8)), left, line)
        canvas.picture(shown, left, line - rows)
        _wake(stage, canvas, spot, sprite, line)
        return
    canvas.picture(sprite, left, top)


def _wake(stage: Stage, canvas: Canvas, spot: Spot, sprite: NDArray[np.uint8], line: float) -> None:
    """Draw foam where a thing meets the water."""
    size = sprite.shape[0]
    row = sprite[min(size - 1, int(size * 0.88)), :, 3]
    wet = np.flatnonzero(row > 60)  # opaque pixels
    if not len(wet):
        return
    left, right = spot.x - size / 2 + wet[0], spot.x - size / 2 + wet[-1]
    chance = stage.chance("wake")
    foam = stage.light.on((236, 246, 248), 0.6)
    canvas.dashes(
        (x, line + down, x + long, line + down, max(1.0, size * 0.008), foam, alpha)
        for x, down, long, alpha in zip(
            chance.uniform(left - size * 0.08, right, 30),
            chance.uniform(-size * 0.004, size * 0.03, 30),
            size * chance.uniform(0.02, 0.1, 30),
            chance.uniform(0.2, 0.75, 30),
            strict=True,
        )
    )


def _effects(stage: Stage, canvas: Canvas, spot: Spot) -> None:
    """Draw the light that some things give, and the steam of hot ones."""
    name, size = spot.drawing.name, spot.size
    dark = stage.brief.time != "day" or stage.brief.has("storm", "fog")
    if name == "lighthouse" and dark:
        _beam(stage, canvas, spot)
    if name in _GLOWING:
        centre, reach = (spot.x, spot.y - size * 0.6), size * (0.95 if dark else 0.6)
        canvas.circle(
            *centre,
            reach,
            radial(
                centre,
                reach,
                ((255, 206, 120), (255, 150, 60)),
                alphas=(0.55 if dark else 0.3, 0),
                glow=True,
            ),
        )
    if name in _STEAMING:
        chance = stage.chance("steam")
        for k in range(3):
            x, y = spot.x + size * (0.14 * (k - 1) - 0.04), spot.y - size * 0.82
            wave = chance.uniform(0, 6)
            line = [
                (x + size * 0.06 * np.sin(wave + t * 5) * t, y - size * 0.42 * t)
                for t in np.linspace(0, 1, 14)
            ]
            canvas.line(
                line,
                linear(
                    (0, y),
                    (0, y - size * 0.42),
                    ((250, 250, 250), (250, 250, 250)),
                    alphas=(0.42, 0.0),
                    blur=size * 0.014,
                ),
                size * 0.035,
            )


def _beam(stage: Stage, canvas: Canvas, spot: Spot) -> None:
    x, y = spot.x, spot.y - spot.size * 0.81
    warm: Colour = (255, 226, 150)
    for side, alpha in ((-1, 0.5), (1, 0.34)):
        far = x + side * stage.width
        canvas.polygon(
            ((x, y), (far, y - spot.size * 0.36), (far, y + spot.size * 0.1)),
            linear(
                (x, y),
                (x + side * stage.width * 0.7, y),
                (warm, warm),
                alphas=(alpha, 0),
                blur=spot.size * 0.02,
                glow=True,
            ),
        )
    canvas.circle(
        x,
        y,
        spot.size * 0.2,
        radial(
            (x, y), spot.size * 0.2, ((255, 240, 190), (255, 200, 110)), alphas=(0.9, 0), glow=True
        ),
    )


def _still_life(stage: Stage, vessel: str) -> None:
    """Paint a vessel with its contents on the table, and what stands beside it."""
    chance = stage.chance("still life")
    subjects = stage.brief.subjects
    held = (
        tuple(one.noun for one in subjects if one.relation != "beside" or one is subjects[0])[:4]
        if vessel != "vase"
        else ()
    )
    inside = tuple(name for name in held if _fits(name))
    size = round(stage.unit * chance.uniform(0.66, 0.76))
    pixels = np.zeros((size, size, 4), np.uint8)
    canvas = Canvas(pixels)
    colour = next((one.colour for one in subjects if one.colour), None)
    draw_vessel(canvas, chance, vessel, inside, size, colour, stage.brief.tint("vessel"))
    canvas.finish()
    x, y = stage.side(chance.uniform(0.46, 0.58)), stage.ground + size * 0.06
    with stage.canvas() as canvas:
        canvas.ellipse(
            x + size * 0.05,
            y - size * 0.05,
            size * 0.42,
            size * 0.07,
            flat((16, 10, 10), 0.62, blur=size * 0.03),
        )
        canvas.picture(
            lit(pixels, (255, 246, 220), (255, 250, 244), from_left=not stage.mirrored),
            x - size / 2,
            y - size,
        )
        rest = [one.noun for one in subjects if one.noun not in inside] or (
            [inside[0]] if inside else []
        )
        for k, name in enumerate((*rest, *rest)[: 1 if vessel == "vase" else 3]):
            _beside(stage, canvas, chance, name, (x, y), size, k)


def _beside(
    stage: Stage,
    canvas: Canvas,
    chance: np.random.Generator,
    name: str,
    at: tuple[float, float],
    size: int,
    index: int,
) -> None:
    small = round(size * (0.24 if _fits(name) else 0.44))
    side = (-1, 1, 1)[index] * (-1 if stage.mirrored else 1)
    x = at[0] + side * size * (
        0.5 + 0.16 * (index == 2) + chance.uniform(0, 0.05)
    )  # the third stands farther
    y = at[1] + size * chance.uniform(0.0, 0.06)
    pixels = np.zeros((small, small, 4), np.uint8)
    own = Canvas(pixels)
    if _fits(name):
        draw_piece(own, chance, name, (small / 2, small * 0.62), small * 0.37)
    elif name in bodies_of_noto():
        draw_noto(own, name, (0, 0, small, small))
    own.finish()
    canvas.ellipse(
        x, y - small * 0.05, small * 0.44, small * 0.1, flat((16, 10, 10), 0.55, blur=small * 0.05)
    )
    canvas.picture(
        lit(pixels, (255, 246, 220), (255, 250, 244), from_left=not stage.mirrored),
        x - small / 2,
        y - small,
    )


def _fits(name: str) -> bool:
    """Return whether a thing is small enough to lie in a bowl."""
    drawing = drawings()[name]
    return (
        drawing.place == "table" and drawing.size < 0.3
    ) or drawing.name == "egg"  # fruit and vegetables
