"""The command that starts hibari's child, and its requirements."""

from dataclasses import dataclass
from importlib.util import find_spec

from fondaco.domain.errors import EngineUnavailableError
from fondaco.domain.extras import how_to_install
from fondaco.workers.worker import Program

VOICE = "af_heart"
"""The one voice of its model, by the API's name."""
_LIBRARIES = ("hibari", "numpy", "onnxruntime")
_CANCEL_GRACE_S = 10.0


@dataclass(frozen=True, slots=True)
class HibariLaunch:
    """Launch options of hibari's child; its model is in the package."""

    threads: int = 1
    timeout_s: float = 60.0
    """For one sentence."""
    libraries: tuple[str, ...] = _LIBRARIES

    @property
    def program(self) -> Program:
        """The program of the child."""
        return Program(
            "fondaco.engines.hibari.child",
            {"threads": self.threads},
            threads=self.threads,
            start_timeout_s=60.0,
            answer_timeout_s=self.timeout_s,
            cancel_grace_s=_CANCEL_GRACE_S,
        )

    async def expect_installed(self, model: str) -> None:
        """Return if the libraries are here.

        Raises:
            EngineUnavailableError: one is missing.
        """
        if not all(find_spec(name) for name in self.libraries):
            raise EngineUnavailableError(
                f"The packages for speech are not installed. {how_to_install('speech')}"
            )
