"""Runs Python programs, each in a process of its own that is forked with its imports made.

To import a client of an API takes a second of CPU, and examples that import one are many.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it wrote."""

    code: int
    stdout: str
    stderr: str


class Interpreter:
    """A process that has imported modules, and forks for each program."""

    def __init__(self, requests: IO[str], results: IO[str]) -> None:
        self._requests = requests
        self._results = results

    def run(self, program: str, environ: Mapping[str, str], *, timeout_s: int) -> Ended:
        """Run the text of a program to its end, or kill it after a while."""
        asked = {"program": program, "environ": dict(environ), "timeout_s": timeout_s}
        self._requests.write(json.dumps(asked) + "\n")
        self._requests.flush()
        return Ended(**json.loads(self._results.readline()))


@contextmanager
def interpreter(*modules: str, warnings: str = "default") -> Iterator[Interpreter]:
    """Start an interpreter that has imported some modules; `warnings` as for `python -W`."""
    with subprocess.Popen(
        [sys.executable, "-W", warnings, __file__, *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Interpreter(process.stdin, process.stdout)


def _main(*modules: str) -> None:
    for module in modules:
        __import__(module)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_forked(**json.loads(line))) + "\n")
        sys.stdout.flush()


def _forked(program: str, environ: dict[str, str], timeout_s: int) -> dict[str, int | str]:
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = os.fork()
        if child == 0:
            signal.alarm(timeout_s)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(stdout.fileno(), 1)
            os.dup2(stderr.fileno(), 2)
            os.environ.clear()  # noqa: TID251 - that of the program
            os.environ.update(environ)  # noqa: TID251
            exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102
            sys.exit()
        _, status = os.waitpid(child, 0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "stdout": _read(stdout),
            "stderr": _read(stderr),
        }


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


if __name__ == "__main__":
    _main(*sys.argv[1:])
