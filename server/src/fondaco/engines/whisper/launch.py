"""The command that starts a Whisper model's child."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir

from fondaco.domain.extras import how_to_install
from fondaco.workers.worker import Program

_CANCEL_GRACE_S = 10.0
"""For the segment in hand: half a minute of speech takes a base model less than two seconds, unless it repeats itself."""
_LIBRARIES = ("faster_whisper", "numpy")


@dataclass(frozen=True, slots=True)
class WhisperLaunch:
    """Launch options of a model's child."""

    files: Mapping[str, Path]
    """By the names that CTranslate2 gives them, such as `model.bin`."""
    source: str
    """Argument of `fondaco models pull` that fetches them."""
    threads: int = 1
    start_timeout_s: float = 120.0
    step_timeout_s: float = 120.0
    """For the next half minute of sound."""
    links: str = field(default_factory=gettempdir)
    """The folder where links to the files are made, while the model is loaded."""

    @property
    def program(self) -> Program:
        """The program of the child."""
        return Program(
            "fondaco.engines.whisper.child",
            {
                "files": {name: str(path) for name, path in self.files.items()},
                "threads": self.threads,
                "links": self.links,
            },
            threads=self.threads,
            start_timeout_s=self.start_timeout_s,
            answer_timeout_s=self.step_timeout_s,
            cancel_grace_s=_CANCEL_GRACE_S,
        )


def unavailable_reason() -> str:
    """Return why no Whisper model can run here, and how to mend it; empty if they can."""
    if all(find_spec(name) for name in _LIBRARIES):
        return ""
    return f"The libraries of transcription are not installed. {how_to_install('transcription')}"
