"""Typography: a picture set in letters, dense ones where it is dark."""

import numpy as np

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.strokes.medium import Medium
from fondaco.engines.painter.surface.colour import Pixels, blend, luma
from fondaco.engines.painter.surface.noise import blurred

_GLYPHS = (
    "..... ..... ..... ..... ..... ..... ..#..",
    "..... ..... ..... .###. ..... ..... .....",
    "..... .###. ....# .#### #...# .#### .....",
    ".###. ....# .###. #...# #...# .###. .....",
    "#...# #...# ##### #...# #...# #...# .....",
    "##### #.... ####. #.... #.... ##### .....",
    "#...# ##.## #.#.# #.#.# #...# #...# .....",
    "##### #.#.# ##### #.#.# ##### #.#.# #####",
)
"""Letters of five by seven dots, the lightest first."""


def letters(stage: Stage, medium: Medium) -> None:
    """Set the picture in rows of letters, in its own darkened colours, on paper."""
    size = max(1, round(stage.unit / 768 * (3.2 - 1.7 * medium.detail)))
    wide, high = 6 * size, 8 * size
    soft = blurred(stage.pixels, high / 3)
    rows, columns = -(-stage.height // high), -(-stage.width // wide)
    ys = np.minimum(np.arange(rows) * high + high // 2, stage.height - 1)
    xs = np.minimum(np.arange(columns) * wide + wide // 2, stage.width - 1)
    dark = 1 - luma(soft[ys][:, xs]) / 255
    low, high_end = np.percentile(dark, (2, 98))
    share = np.clip((dark - low) / max(0.05, float(high_end - low)), 0, 0.999)
    glyphs = np.stack([_glyph(text, size) for text in _GLYPHS])
    page = glyphs[(share * len(_GLYPHS)).astype(int)]
    cover = page.transpose(0, 2, 1, 3).reshape(rows * high, columns * wide)
    cover = cover[: stage.height, : stage.width]
    paper = np.array(medium.colour("paper", (246, 240, 226)), np.float32)
    ink = soft * 0.72
    stage.pixels = blend(
        np.broadcast_to(paper, ink.shape), ink, np.asarray(cover * 0.95, np.float32)
    )


def _glyph(text: str, size: int) -> Pixels:
    """Return a letter, [8 * size, 6 * size], with the space after it."""
    dots = np.zeros((8, 6), np.float32)
    for row, line in enumerate(text.split()):
        dots[row, :5] = [one == "#" for one in line]
    return np.kron(dots, np.ones((size, size), np.float32))
