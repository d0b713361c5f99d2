"""The program as a person starts it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 120


@dataclass(frozen=True)
class Outcome:
    """What became of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        """What it printed, for programs."""
        assert self.code == 0, self.err
        value: object = json.loads(self.out)
        return value


@dataclass(frozen=True)
class Fondaco:
    """Runs `fondaco` on one home; keywords are variables of its environment."""

    home: Path

    def __call__(self, *arguments: str, **environ: str) -> Outcome:
        ended = subprocess.run(
            [sys.executable, "-m", "fondaco", *arguments],
            env=self.environ(**environ),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Outcome(ended.returncode, ended.stdout, ended.stderr)

    def environ(self, **more: str) -> dict[str, str]:
        """Return the environment of a command: the test's own, but no settings except the models."""
        own = os.environ  # noqa: TID251 (handed on to the child)
        kept = {k: v for k, v in own.items() if k[:8] != "FONDACO_" or k == "FONDACO_MODELS"}
        return {**kept, "FONDACO_HOME": str(self.home), **more}
