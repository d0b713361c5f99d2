"""The seam between the child and the Python packages that carry stable-diffusion.cpp."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from threading import Event
from typing import Protocol

from fondaco.domain.media.picture import Pixels
from fondaco.domain.models.weights import WeightRole
from fondaco.workers.child import Advance

BINDINGS: Mapping[str, str] = {
    "cyllama": "fondaco.engines.diffusion.cyllama_binding",
    "stable_diffusion_cpp": "fondaco.engines.diffusion.sdcpp_binding",
}
"""Package -> our module over it, the preferred one first."""


@dataclass(frozen=True, slots=True)
class StartImage:
    """A picture that drawing begins with."""

    width: int
    height: int
    rgb: bytes
    mask: bytes | None = None
    """A byte a pixel: 255 where it may change, 0 where it stays; None: everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffusionRequest:
    """One picture to draw, of a size that the model can have."""

    prompt: str
    negative_prompt: str
    width: int
    height: int
    steps: int
    cfg_scale: float | None
    """None: the library's default."""
    seed: int
    """From 0: the library takes negative ones for random."""
    lora_multiplier: float | None = None
    """None: the LoRA, if there is one, has no part in it."""
    canvas: StartImage | None = None
    strength: float = 0.75
    """Freedom to depart from the canvas: 0 keeps it, 1 forgets it."""
    as_reference: bool = False
    """Whether the canvas is shown to an editing model as a whole, rather than drawn over."""


class Artist(Protocol):
    """A loaded model."""

    @property
    def cancellable(self) -> bool:
        """Whether `cancel` does anything."""
        ...

    def draw(self, drawing: DiffusionRequest, advance: Advance, cancelled: Event) -> Pixels:
        """Return the picture, at least of the drawing's size; any error once `cancelled` is set."""
        ...

    def cancel(self) -> None:
        """Have the drawing in hand stop early; called from another thread."""
        ...


class Binding(Protocol):
    """A module over one of the packages."""

    def open_model(self, files: Mapping[WeightRole, str], threads: int) -> Artist:
        """Load a model.

        Raises:
            RuntimeError: it cannot be loaded; the message says what the library says.
        """
        ...


def installed_binding() -> str | None:
    """Return the name of our module over the package that is installed; None: none is."""
    return next((module for package, module in BINDINGS.items() if find_spec(package)), None)


def imported(module: str) -> Binding:
    """Return a module over a package."""
    return import_module(module)
