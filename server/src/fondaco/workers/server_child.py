"""The beginning of a child process that serves on loopback, and exits with its parent.

Standard input carries one line of JSON (so that the key shows in no process list) and then stays
open as long as the parent lives. Standard output carries one line of JSON, `{"address": ...}` or
`{"error": ...}`, and nothing else ever.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any, NoReturn

from fondaco.processes import die_with, harden

_ERROR_LIMIT = 300


class ServerReport:
    """The one line that the parent reads."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def ready(self, address: str) -> None:
        """Report where the server listens."""
        self._write({"address": address})

    def fail(self, error: BaseException) -> NoReturn:
        """Report why it cannot start, and exit; the error may quote a file's name, never content."""
        self._write({"error": f"{type(error).__name__}: {error}"[:_ERROR_LIMIT]})
        os._exit(1)

    def _write(self, told: Mapping[str, str]) -> None:
        os.write(self._descriptor, json.dumps(told).encode() + b"\n")


def begun(*, logs: bool = False) -> tuple[ServerReport, Mapping[str, Any]]:
    """Prepare the process; return its report, and the parent's order.

    Args:
        logs: whether standard error is kept for a log that has no content; else nothing is printed.
    """
    report = ServerReport(_silence(logs=logs))
    # A signal to the process group must not end the streams that the parent still drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    order = json.loads(sys.stdin.buffer.readline())
    harden()
    die_with(order["parent"])
    threading.Thread(target=_exit_at_end_of_input, daemon=True).start()
    return report, order


def _silence(*, logs: bool) -> int:
    """Send native libraries' output nowhere, and return a descriptor of the real standard output."""
    report = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    if not logs:
        os.dup2(nowhere, 2)
    return report


def _exit_at_end_of_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)
