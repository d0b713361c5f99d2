"""The result of a request for images."""

from collections.abc import Iterable
from dataclasses import dataclass

from fondaco.domain.media.picture import RGBA
from fondaco.domain.models.model import AnyModel
from fondaco.domain.models.names import DeprecationNotice
from fondaco.domain.money.limits import Quota


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageResult:
    """The images of a request, once they are paid for."""

    model: AnyModel
    engine: str
    """The name of the engine that made the last of them."""
    files: tuple[bytes, ...]
    """One per variant, in the requested format."""
    seeds: tuple[int, ...] = ()
    """Of each; empty where chance has no part in it."""
    understood: bool = True
    """False if an engine reported that it understood nothing of the prompt."""
    blurred: bool | None = None
    """Whether safe mode blurred any of them; None: it was off, or nothing here can tell."""
    ignored: tuple[str, ...] = ()
    """Fields of the request that mean nothing to the model."""
    quota: Quota
    notice: DeprecationNotice | None = None
    """The model's deprecation notice."""


def most_bytes(sizes: Iterable[tuple[int, int]]) -> int:
    """Return about the most that a reply with images of these sizes has: noise as PNG, in base64.

    Three bytes a pixel are four in base64.

    >>> most_bytes([(1024, 1024)] * 4)
    16777216
    """
    return sum(RGBA * width * height for width, height in sizes)
