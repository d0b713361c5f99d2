"""The painter's public face: a request painted to pixels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fondaco.engines.painter.brief import Brief
from fondaco.engines.painter.prompts.grammar import read
from fondaco.engines.painter.prompts.lexicon import colours
from fondaco.engines.painter.scenes.index import SCENES
from fondaco.engines.painter.scenes.weather import paint_weather
from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.strokes.index import finish_picture, presets, style_of
from fondaco.engines.painter.subjects.company import paint_subjects

SMALLEST, LARGEST = 64, 2048
"""Of a side, in pixels."""
_MOST_PIXELS = 2048 * 1280
_MOST_NOTED = 8
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class PaintRequest:
    """Request for a painting."""

    prompt: str
    negative_prompt: str = ""
    width: int = 1024
    height: int = 1024
    steps: int = 20
    """Layers of strokes: at 1 the coarsest alone, from 20 on all."""
    cfg_scale: float = 7.0
    """Contrast and strength of colours, 0 to 20."""
    seed: int = 0
    style: str | None = None
    """The name of a preset; None: as the prompt says."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A painted picture."""

    rgb: bytes
    """Rows from the top, three bytes a pixel."""
    width: int
    height: int
    understood: bool
    """Whether the prompt named anything that the painter knows; if not, the picture is an abstract."""
    notes: tuple[str, ...] = ()
    """Parts of the prompt that were left out, as sentences. They quote the prompt."""


Restyle: TypeAlias = Callable[[NDArray[np.uint8], str, bool], NDArray[np.uint8]]
"""Returns a picture [height, width, 3] in a neural style, with its own colours or the style's."""


def paint(request: PaintRequest, restyle: Restyle | None = None) -> Picture:
    """Paint a picture; the same request gives the same bytes.

    Args:
        request: what to paint.
        restyle: repaints the pictures of some styles; None: they stay as their strokes made them.

    Raises:
        ValueError: a side is out of bounds, or the style does not exist.
    """
    _check(request)
    brief = read(request.prompt, request.negative_prompt)
    stage = Stage(brief, request.width, request.height, request.seed % 2**63, request.prompt)
    SCENES[brief.scene](stage)
    paint_subjects(stage)
    paint_weather(stage)
    unwanted = tuple(colour for name, colour in colours().items() if name in brief.without)
    style = style_of(stage, request.style)
    finish_picture(stage, style, steps=request.steps, cfg=request.cfg_scale, unwanted=unwanted)
    pixels = np.clip(stage.pixels, 0, 255).astype(np.uint8)
    if restyle is not None and style.neural is not None:
        del stage  # frees its memory before the network runs
        pixels = restyle(pixels, style.neural.name, style.neural.own_colours)
    return Picture(pixels.tobytes(), request.width, request.height, brief.understood, _notes(brief))


def _check(request: PaintRequest) -> None:
    for side in (request.width, request.height):
        if not SMALLEST <= side <= LARGEST:
            raise ValueError(f"A side of {side!r} pixels is not within {SMALLEST} to {LARGEST}.")
    if request.width * request.height > _MOST_PIXELS:
        raise ValueError(f"{request.width} x {request.height} pixels are more than {_MOST_PIXELS}.")
    if request.style is not None and request.style not in presets():
        raise ValueError(f"There is no style {request.style!r}.")


def _notes(brief: Brief) -> tuple[str, ...]:
    if not brief.understood:
        return (
            "Nothing in the prompt names a scene or a thing that this model can paint: this is an abstract.",
        )
    if not brief.unknown:
        return ()
    named = ", ".join(repr(word[:_LONGEST_WORD]) for word in brief.unknown[:_MOST_NOTED])
    more = "" if len(brief.unknown) <= _MOST_NOTED else " and others"
    return (f"Not understood and left out: {named}{more}.",)
