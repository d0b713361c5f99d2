"""The index of styles: presets by name, and how a picture gets its strokes and colours."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.strokes import brush, cells, lens, letters, lines, prints, wet
from fondaco.engines.painter.strokes.grade import guided, recipe, spread, without
from fondaco.engines.painter.strokes.medium import Medium, Value
from fondaco.engines.painter.surface.colour import Colour

_FINISHES: Mapping[str, Callable[[Stage, Medium], None]] = {
    "brushed": brush.brushed,
    "swirled": brush.swirled,
    "watercolour": wet.watercolour,
    "ink": wet.ink,
    "pencil": lines.pencil,
    "charcoal": lines.charcoal,
    "pastel": lines.pastel,
    "engraving": lines.engraving,
    "woodcut": lines.woodcut,
    "pixels": cells.pixels,
    "facets": cells.facets,
    "mosaic": cells.mosaic,
    "stained_glass": cells.stained_glass,
    "stitches": cells.stitches,
    "letters": letters.letters,
    "flat_print": prints.flat_print,
    "comic": prints.comic,
    "cut_paper": prints.cut_paper,
    "neon": lens.neon,
    "film": lens.film,
}
_FULL_STEPS = 20
"""At so many steps a picture has all its strokes; more refine nothing."""
_USUAL = "oil"
_AFTER = frozenset(
    {"noir", "grey", "sepia", "plan", "cyanotype", "game_boy", "shade", "board", "pigments"}
)
"""Recipes that colour what the strokes have made, the paper included."""


@dataclass(frozen=True, slots=True)
class NeuralStyle:
    """A style of the network that repaints a picture."""

    name: str
    own_colours: bool
    """Whether the picture keeps its colours and its light."""


@dataclass(frozen=True, slots=True)
class Style:
    """A way to paint: strokes, a colour recipe, and perhaps a neural style at last."""

    stroke: str
    recipe: str
    neural: NeuralStyle | None = None


@cache
def presets() -> Mapping[str, Style]:
    """Return the presets by name, in the table's order."""
    table = _document()["presets"]
    neural = {
        name: NeuralStyle(str(one["style"]), bool(one["own"]))
        for name, one in _document()["neural"].items()
    }
    return {
        name: Style(str(stroke), str(colours), neural.get(name))
        for name, (stroke, colours) in table.items()
    }


def style_of(stage: Stage, preset: str | None) -> Style:
    """Return the style of a picture: the preset's, else what the prompt says, else oil.

    Raises:
        KeyError: the preset does not exist.
    """
    if preset is not None:
        return presets()[preset]
    brief = stage.brief
    return Style(brief.stroke or _USUAL, brief.recipe or "natural")


def finish_picture(
    stage: Stage, style: Style, *, steps: int, cfg: float, unwanted: tuple[Colour, ...] = ()
) -> None:
    """Give a painted scene its colours and strokes."""
    document = _document()
    values: Mapping[str, Value] = document["recipes"][style.recipe]
    stroke: dict[str, Value] = dict(document["strokes"][style.stroke])
    stage.pixels = guided(spread(stage.pixels), cfg)
    if style.recipe not in _AFTER:
        stage.pixels = recipe(stage.pixels, values)
    if unwanted:
        stage.pixels = without(stage.pixels, unwanted)
    detail = min(1.0, (max(1, steps) / _FULL_STEPS) ** 0.6)
    _FINISHES[str(stroke["finish"])](stage, Medium(detail, stroke))
    if style.recipe in _AFTER:
        stage.pixels = recipe(stage.pixels, values)


@cache
def _document() -> Mapping[str, Mapping[str, dict[str, Value]]]:
    text = resources.files(__package__).joinpath("styles.toml").read_text(encoding="utf-8")
    document: Mapping[str, Mapping[str, dict[str, Value]]] = tomllib.loads(text)
    return document
