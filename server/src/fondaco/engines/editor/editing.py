"""Editing: the operations of an instruction, done to a picture one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fondaco.engines.common.style_network import StyleNetwork
from fondaco.engines.common.subject_network import SubjectNetwork
from fondaco.engines.editor.errors import FileMissingError, UnsuitedError
from fondaco.engines.editor.instructions.operations import (
    Border,
    Crop,
    CropTo,
    CropToSize,
    CutOut,
    Duotone,
    FillBackground,
    Filter,
    Flip,
    KeepColour,
    Level,
    Operation,
    PaintSky,
    Recolour,
    Resize,
    Restyle,
    Rotate,
    RoundCorners,
    Scale,
    Tint,
    Tone,
    Within,
)
from fondaco.engines.editor.pixels import subject
from fondaco.engines.editor.pixels.filters import filtered
from fondaco.engines.editor.pixels.hues import duotoned, kept, recoloured, tinted
from fondaco.engines.editor.pixels.light import levelled
from fondaco.engines.editor.pixels.raster import Bytes, Raster, to_bytes, to_floats
from fondaco.engines.editor.pixels.shapes import fitted, shaped
from fondaco.engines.editor.pixels.sky import painted
from fondaco.engines.editor.pixels.sky_region import sky_of

_SHAPES = (Rotate, Flip, Crop, CropTo, CropToSize, Resize, Scale, Border, RoundCorners)


@dataclass
class Networks:
    """The networks, each loaded when the first picture needs it."""

    styles_file: Path
    subject_file: Path
    threads: int = 1

    @cached_property
    def styles(self) -> StyleNetwork:
        """Repaints in a style.

        Raises:
            FileMissingError: its file is not there.
        """
        return StyleNetwork(_existing(self.styles_file), threads=self.threads)

    @cached_property
    def subject(self) -> SubjectNetwork:
        """Finds the subject in front of a background.

        Raises:
            FileMissingError: its file is not there.
        """
        return SubjectNetwork(_existing(self.subject_file), threads=self.threads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Operations to apply to a picture."""

    operations: Sequence[Operation]
    size: tuple[int, int] | None = None
    """Width and height of the result; None: what the operations make of the picture."""
    seed: int = 0
    """Of grain and stars; nothing else is left to chance."""
    mask: Bytes | None = field(default=None, repr=False)
    """Opacity [height, width]: only where it is 0 may the picture change."""


def edited(raster: Raster, edit: Edit, networks: Networks) -> Raster:
    """Return the picture after all operations.

    Raises:
        UnsuitedError: one of them does not suit the picture, or the mask.
        FileMissingError: one needs a network that is not here.
    """
    if edit.mask is not None and any(isinstance(one, _SHAPES) for one in edit.operations):
        raise UnsuitedError("With a mask, an image cannot be rotated, cropped, scaled or framed.")
    result = raster
    for operation in edit.operations:
        result = _done(result, operation, edit.seed, networks)
    if edit.mask is not None:
        result = raster.mixed(result, to_floats(255 - edit.mask))
    return result if edit.size is None else fitted(result, *edit.size)


def _done(raster: Raster, operation: Operation, seed: int, networks: Networks) -> Raster:
    match operation:
        case Restyle():
            network, own_colours = networks.styles, operation.own_colours
            return raster.with_rgb(
                network.restyled(raster.rgb, operation.style, own_colours=own_colours)
            )
        case CutOut() | FillBackground() | PaintSky() | Within():
            return _parted(raster, operation, seed, networks)
        case Level() | Filter() | Tint() | Duotone() | Recolour() | KeepColour():
            return _toned(raster, operation, seed)
        case _:
            return shaped(raster, operation)


def _parted(
    raster: Raster,
    operation: CutOut | FillBackground | PaintSky | Within,
    seed: int,
    networks: Networks,
) -> Raster:
    """Do an operation on a part of the picture that must be found."""
    match operation:
        case CutOut():
            return subject.cut_out(raster, subject.opacity_of(raster, networks.subject))
        case FillBackground():
            return _filled(raster, operation, networks)
        case PaintSky():
            return painted(raster, operation, sky_of(raster), seed)
        case Within():
            return _within(raster, operation, seed, networks)


def _toned(raster: Raster, tone: Tone, seed: int) -> Raster:
    match tone:
        case Level():
            return levelled(raster, tone)
        case Filter():
            return filtered(raster, tone, seed)
        case Tint():
            return tinted(raster, tone)
        case Duotone():
            return duotoned(raster, tone)
        case Recolour():
            return recoloured(raster, tone)
        case KeepColour():
            return kept(raster, tone)


def _filled(raster: Raster, operation: FillBackground, networks: Networks) -> Raster:
    """Fill what is transparent already; of a picture without that, the background."""
    if raster.alpha is not None and bool((raster.alpha < 128).any()):
        return subject.filled(raster, raster.alpha, operation.colour)
    return subject.filled(raster, subject.opacity_of(raster, networks.subject), operation.colour)


def _within(raster: Raster, wanted: Within, seed: int, networks: Networks) -> Raster:
    operation = wanted.operation
    if wanted.region == "sky":
        share = to_floats(sky_of(raster))
        return raster.mixed(_toned(raster, operation, seed), share)
    opacity = subject.opacity_of(raster, networks.subject)
    if wanted.region == "background":
        if isinstance(operation, Filter) and operation.name == "blur":
            return subject.before_blur(raster, opacity, operation.strength)
        opacity = to_bytes(1 - to_floats(opacity))
    return raster.mixed(_toned(raster, operation, seed), to_floats(opacity))


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise FileMissingError(file.name)
    return file
