"""The command that starts the painter's child."""

from importlib.util import find_spec
from pathlib import Path

from fondaco.domain.extras import how_to_install
from fondaco.workers.worker import Program

_LIBRARIES = ("numpy", "scipy", "skia")
_MEMORY_BYTES = 900 * 2**20
"""Of data: a picture of the largest size takes less than half of it."""


def painter_program(styles: Path = Path(), *, answer_timeout_s: float = 60.0) -> Program:
    """Return the program of the painter's child; it starts with the first picture.

    Args:
        styles: the style network, an ONNX file; where it is missing, the presets that end with it do
            without.
        answer_timeout_s: for one picture.
    """
    return Program(
        "fondaco.engines.painter.child",
        {"memory_bytes": _MEMORY_BYTES, "styles": str(styles)},
        threads=1,
        start_timeout_s=60.0,
        answer_timeout_s=answer_timeout_s,
    )


def unavailable_reason() -> str:
    """Return why the painter cannot run here, and how to mend it; empty if it can."""
    if all(find_spec(name) for name in _LIBRARIES):
        return ""
    return (
        f"The libraries of the built-in image model are not installed. {how_to_install('images')}"
    )
