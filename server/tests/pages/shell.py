"""The shell of a page's reader: one for all blocks of a page, so that they build on each other."""

import os
import select
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from pages.console import commands

TIMEOUT_S: Final = 300.0


class Shell:
    """Runs what a reader types, in a folder that is its home, with words of the page replaced by what they stand for.

    `stands_for` maps such words, an address or the id of a key, to those of the test; output is compared after they
    are put back.
    """

    def __init__(
        self, folder: Path, environ: Mapping[str, str], stands_for: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self.stands_for = dict(stands_for)
        self._environ = {**environ, "HOME": str(folder)}
        self._said = folder / ".said"
        (folder / ".curlrc").write_text("fail-with-body\nno-progress-meter\n")
        self._child: subprocess.Popen[bytes] | None = None

    def run_console(self, block: str) -> None:
        """Run the commands of a console block, and compare what they print with what it shows."""
        for command in commands(block):
            status, said = self._run(command.text)
            told = f"$ {command.text}\n{said}"
            assert (status != 0) == command.fails, f"exit code {status}\n{told}"
            assert command.prints(said), (
                f"the page shows otherwise:\n{command.output}\nthan\n{told}"
            )

    def run_script(self, block: str) -> None:
        """Run a block of a script up to the first command that fails."""
        status, said = self._run(f"set -eo pipefail\n{block}\nset +e")
        assert status == 0, f"exit code {status}\n{block}\n{said}"

    def close(self) -> None:
        """End the shell, if it was started, and what it left running."""
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.communicate()
            self._child = None

    def _run(self, text: str) -> tuple[int, str]:
        """Run commands to their end; return the exit code, and what they printed as a page would show it."""
        for shown, real in self.stands_for.items():
            text = text.replace(shown, real)
        child = self._started()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(f"{{ {text}\n}} >'{self._said}' 2>&1 </dev/null\necho $?\n".encode())
        child.stdin.flush()
        readable, _, _ = select.select([child.stdout], [], [], TIMEOUT_S)
        if not readable:
            self.close()
            pytest.fail(f"no end after {TIMEOUT_S:.0f} s: {text}")
        status = child.stdout.readline()
        if not status:  # it ended with the script
            status = b"%d" % child.wait(TIMEOUT_S)
            self.close()
        said = self._said.read_text("utf-8", errors="replace")
        for shown, real in self.stands_for.items():
            said = said.replace(real, shown)
        return int(status), said

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(
                ["bash", "--noprofile", "--norc"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.folder,
                env=self._environ,
                start_new_session=True,
            )
        return self._child
