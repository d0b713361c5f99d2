"""The program as a person starts it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from fondaco.__main__ import main
from program import WITHOUT_KOKORO

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
        """Run a command in this process, which saves the time to load it."""
        return self._run(StringIO(), *arguments, **environ)

    def _run(self, out: StringIO, *arguments: str, **environ: str) -> Outcome:
        err = StringIO()
        code: object = 0
        with (
            _replaced(self.environ(**environ), ["fondaco", *arguments]),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as ended:
                code = ended.code or 0
        assert isinstance(code, int)
        return Outcome(int(code), out.getvalue(), err.getvalue())

    def on_terminal(self, columns: int, *arguments: str, **environ: str) -> Outcome:
        """Run a command in this process as on a terminal of so many columns."""
        return self._run(_Terminal(), *arguments, **{"COLUMNS": str(columns), **environ})

    def process(self, *arguments: str, **environ: str) -> Outcome:
        """Run a command in a process of its own."""
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
        own = os.environ  # noqa: TID251 (handed on to the command)
        kept = {k: v for k, v in own.items() if k[:8] != "FONDACO_" or k == "FONDACO_MODELS"}
        return {**kept, **WITHOUT_KOKORO, "FONDACO_HOME": str(self.home), **more}


class _Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def _replaced(environ: Mapping[str, str], arguments: list[str]) -> Iterator[None]:
    own = os.environ  # noqa: TID251 (put back afterwards)
    before, before_arguments = dict(own), sys.argv
    try:
        own.clear()
        own.update(environ)
        sys.argv = arguments
        yield
    finally:
        own.clear()
        own.update(before)
        sys.argv = before_arguments
