"""Edits of images: a picture, and the instruction that an engine follows in changing it."""

from dataclasses import dataclass

from fondaco.domain.media.picture import Encoding, Pixels
from fondaco.domain.media.picture_source import PictureSource


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRequest:
    """A request for variants of one edit."""

    model: str
    """Any name that routes to a model of type `inpaint`."""
    prompt: str
    """The instruction."""
    picture: PictureSource
    mask: PictureSource | None = None
    """Mask: the picture may change where it is transparent; None: everywhere."""
    size: tuple[int, int] | None = None
    """Width and height of the result; None: the picture's own, unless the instruction says otherwise."""
    transparent: bool = False
    """Whether the background should become transparent."""
    variants: int = 1
    encoding: Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTask:
    """One edit, with all that its engine needs to know."""

    model: str
    """The catalogue's id of the model."""
    prompt: str
    """The instruction, such as "change the sky to a sunrise"."""
    picture: Pixels
    """The picture to change."""
    mask: Pixels | None = None
    """Of the picture's size: only where its alpha is 0 may the picture change. None: everywhere."""
    width: int
    height: int
    """Of the result; if they are the picture's own, an instruction to rotate, crop or resize it decides."""
    seed: int
    transparent: bool = False
    """Whether the background should become transparent."""
