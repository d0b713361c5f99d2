"""The command that starts Kokoro's child, and its requirements."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import anyio

from fondaco.domain.errors import EngineUnavailableError, ModelNotInstalledError
from fondaco.domain.extras import how_to_install
from fondaco.workers.worker import Program

_LIBRARIES = ("hibari", "numpy", "onnxruntime")
_CANCEL_GRACE_S = 5.0
"""A step of the network takes less, on a busy machine, too."""


@dataclass(frozen=True, slots=True)
class KokoroLaunch:
    """Launch options of Kokoro's child."""

    model: Path
    """The ONNX file."""
    vocabulary: Path
    """A JSON file: phoneme -> token."""
    voices: Path
    """The styles of all voices, one after the other."""
    names: tuple[str, ...]
    """Of the voices in that file, in its order."""
    threads: int = 1
    timeout_s: float = 120.0
    """For one sentence."""
    source: str = "kokoro-82m"
    """Argument of `fondaco models pull` that fetches the files."""
    libraries: tuple[str, ...] = _LIBRARIES

    @property
    def program(self) -> Program:
        """The program of the child."""
        return Program(
            "fondaco.engines.kokoro.child",
            {
                "model": str(self.model),
                "vocabulary": str(self.vocabulary),
                "voices": str(self.voices),
                "names": list(self.names),
                "threads": self.threads,
            },
            threads=self.threads,
            start_timeout_s=120.0,
            answer_timeout_s=self.timeout_s,
            cancel_grace_s=_CANCEL_GRACE_S,
        )

    async def expect_installed(self, model: str) -> None:
        """Return if the libraries and the files are here.

        Raises:
            EngineUnavailableError: a library is missing.
            ModelNotInstalledError: a file is missing.
        """
        if not all(find_spec(name) for name in self.libraries):
            raise EngineUnavailableError(
                f"The packages for speech are not installed. {how_to_install('speech')}"
            )
        for file in (self.model, self.vocabulary, self.voices):
            if not await anyio.Path(file).is_file():
                raise ModelNotInstalledError(model, self.source)
