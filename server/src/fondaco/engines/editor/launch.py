"""The command that starts the editor's child."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fondaco.domain.extras import how_to_install
from fondaco.workers.worker import Program

STYLES_FILE: Final = "multistyle26.onnx"
SUBJECT_FILE: Final = "u2netp.onnx"
"""The networks' names in the models folder."""
_LIBRARIES = ("numpy", "onnxruntime", "PIL", "scipy")
_MEMORY_BYTES = 1536 * 2**20
"""Of data: a picture of the largest size takes about two thirds of it."""


def editor_program(models_folder: Path, *, answer_timeout_s: float = 120.0) -> Program:
    """Return the program of the editor's child; it starts with the first picture."""
    files: Mapping[str, str] = {
        "styles": str(models_folder / STYLES_FILE),
        "subject": str(models_folder / SUBJECT_FILE),
    }
    return Program(
        "fondaco.engines.editor.child",
        {"memory_bytes": _MEMORY_BYTES, **files},
        threads=1,
        start_timeout_s=60.0,
        answer_timeout_s=answer_timeout_s,
    )


def unavailable_reason() -> str:
    """Return why the editor cannot run here, and how to mend it; empty if it can."""
    if all(find_spec(name) for name in _LIBRARIES):
        return ""
    return (
        f"The libraries of the built-in image editor are not installed. {how_to_install('images')}"
    )
