"""The command that starts the upscaler's child."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from fondaco.domain.extras import how_to_install
from fondaco.workers.worker import Program

_LIBRARIES = ("ncnn", "numpy", "onnxruntime", "PIL", "scipy")
_MEMORY_BYTES = 512 * 2**20
"""Of data: the largest picture with transparency takes less."""
_THREAD_BYTES = 16 * 2**20
"""More for each further thread: its stack, and room to compute in."""


@dataclass(frozen=True, slots=True)
class UpscalerLaunch:
    """Launch options of the upscaler's child."""

    layers: Path
    """The network's description, a file of ncnn."""
    weights: Path
    """Likewise."""
    styles: Path
    """The style network, an ONNX file, for prompts that name a style."""
    threads: int = 1
    timeout_s: float = 300.0
    """For one picture."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that must be there."""
        return (self.weights, self.layers, self.styles)

    @property
    def program(self) -> Program:
        """The program of the child."""
        return Program(
            "fondaco.engines.upscaler.child",
            {
                "layers": str(self.layers),
                "weights": str(self.weights),
                "styles": str(self.styles),
                "threads": self.threads,
                "memory_bytes": _MEMORY_BYTES + (self.threads - 1) * _THREAD_BYTES,
            },
            threads=self.threads,
            start_timeout_s=60.0,
            answer_timeout_s=self.timeout_s,
        )


def unavailable_reason() -> str:
    """Return why the upscaler cannot run here, and how to mend it; empty if it can."""
    if all(find_spec(name) for name in _LIBRARIES):
        return ""
    return f"The libraries of the built-in upscaler are not installed. {how_to_install('images')}"
