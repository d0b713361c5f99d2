"""The command that starts the camera's child."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from fondaco.domain.extras import how_to_install
from fondaco.workers.worker import Program

_LIBRARIES = ("av", "numpy", "PIL")
_MEMORY_BYTES = 1024 * 2**20
"""Of data: a video of 1080p takes less than half of it, one of the largest still more."""

_CANCEL_GRACE_S = 2.0
"""A child notices between two frames; reloading it takes about as long."""


@dataclass(frozen=True, slots=True)
class CameraLaunch:
    """Launch options of the camera's child."""

    subject: Path
    """The network that finds what stands out in a picture, an ONNX file. Where it or its library is
    missing, moves with depth go by the ground alone."""
    timeout_s: float = 60.0
    """Between two reports of progress."""

    @property
    def program(self) -> Program:
        """The program of the child."""
        return Program(
            "fondaco.engines.camera.child",
            {"subject": str(self.subject), "memory_bytes": _MEMORY_BYTES},
            threads=1,
            start_timeout_s=60.0,
            answer_timeout_s=self.timeout_s,
            cancel_grace_s=_CANCEL_GRACE_S,
        )


def unavailable_reason() -> str:
    """Return why the camera cannot run here, and how to mend it; empty if it can."""
    if all(find_spec(name) for name in _LIBRARIES):
        return ""
    return f"The libraries of the built-in camera are not installed. {how_to_install('video')}"
