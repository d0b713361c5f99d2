"""Launch options of a diffusion model: its files and configuration."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fondaco.domain.extras import how_to_install
from fondaco.domain.models.weights import WeightRole
from fondaco.engines.diffusion.binding import installed_binding
from fondaco.workers.worker import Program

WORKING_BYTES = 2**30
"""Memory that drawing takes beside the weights: an image of 1024 x 1024 by a full autoencoder takes most of it."""
_WHEELS_FROM = (3, 12)
_ON_PYTHON_3_11 = (
    "Its wheels need Python 3.12 or newer: run Fondaco on one, or build the library here with "
    "pip install stable-diffusion-cpp-python==0.4.7 (ten minutes, with CMake and a C++ compiler)."
)
_CANCEL_GRACE_S = 3.0
"""Some steps take longer; then the process is ended, and the next picture loads the model again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffusionLaunch:
    """A model, comparable, so that a reload detects changes."""

    files: Mapping[WeightRole, Path]
    threads: int
    source: str | None = None
    """Argument of `fondaco models pull` that fetches the files; None: the model's id."""
    divisor: int = 64
    """The sizes that it draws are multiples of it; others are drawn larger and cropped."""
    steps: int = 20
    """Of an edit."""
    cfg_scale: float | None = None
    """Of requests without one; None: the library's default."""
    lora_strength: int = 100
    """Likewise, in percent."""
    strength: float = 0.75
    """Freedom of an edit to depart from its picture, 0 to 1."""
    by_reference: bool = False
    """Whether it is an editing model, which is shown the picture, rather than one that draws over it."""
    start_timeout_s: float = 600.0
    stall_timeout_s: float = 600.0
    """The longest time without a step of progress."""
    binding: str | None = None
    """Our module over the library; None: the one whose library is installed."""

    def edit_steps(self) -> int:
        """Return the steps of an edit: so many that the first one does not begin at noise alone.

        The library leaves out the first of them, `steps - int(steps * strength) - 1`, and begins with
        what they would have left of the picture. Of none left out, nothing of the picture is seen.
        """
        steps = self.steps
        while (
            not self.by_reference and self.strength < 1 and int(self.strength * steps) > steps - 2
        ):
            steps += 1
        return steps

    def needed_bytes(self) -> int:
        """Return how much memory it takes, blocking.

        Raises:
            FileNotFoundError: one of its files is not here.
        """
        return sum(file.stat().st_size for file in self.files.values()) + WORKING_BYTES

    def program(self, memory_bytes: int) -> Program:
        """Return the program of its child process, which may take so much memory; 0: any."""
        return Program(
            "fondaco.engines.diffusion.child",
            {
                "binding": self.binding or installed_binding(),
                "files": {role.value: str(file) for role, file in self.files.items()},
                "threads": self.threads,
                "memory_bytes": memory_bytes,
            },
            threads=self.threads,
            start_timeout_s=self.start_timeout_s,
            answer_timeout_s=self.stall_timeout_s,
            cancel_grace_s=_CANCEL_GRACE_S,
        )

    def unavailable_reason(self) -> str:
        """Return why diffusion models cannot run here, and the fix; empty if they can."""
        if self.binding or installed_binding():
            return ""
        return how_to_install_library()


def how_to_install_library() -> str:
    """Return that the library is missing, and how an operator installs it."""
    advice = how_to_install("diffusion") if sys.version_info >= _WHEELS_FROM else _ON_PYTHON_3_11
    return f"The library of diffusion models, stable-diffusion.cpp, is not installed. {advice}"


def usual_memory_bytes() -> int:
    """Return three quarters of this machine's memory; 0 where it does not tell how much it has."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
    except (AttributeError, ValueError, OSError):
        return 0
