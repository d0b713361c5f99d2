"""The result of a request for images."""

from dataclasses import dataclass

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
    """False if an engine said that it understood nothing of the prompt."""
    blurred: bool | None = None
    """Whether safe mode blurred any of them; None: it was off, or nothing here can tell."""
    ignored: tuple[str, ...] = ()
    """Fields of the request that mean nothing to the model."""
    quota: Quota
    notice: DeprecationNotice | None = None
    """The model's deprecation notice."""
