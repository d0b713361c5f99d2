"""Hardening of the enclave's process: its memory stays in RAM, and out of dumps and debuggers."""

import ctypes
import logging
import re
import sys
from pathlib import Path
from typing import Final

from fondaco.processes import harden

_MCL_CURRENT: Final = 1
_MCL_FUTURE: Final = 2
_CAP_IPC_LOCK: Final = 14
_log = logging.getLogger(__name__)


def harden_enclave() -> bool:
    """Harden this process, and return whether its memory is locked in RAM."""
    harden()
    locked = sys.platform == "linux" and _may_lock() and _lock()
    if not locked:
        _log.warning(
            "The enclave's memory is not locked: keys and prompts may be swapped to disk. Raise the limit "
            "(ulimit -l unlimited, or LimitMEMLOCK=infinity in systemd), or turn swap off."
        )
    return locked


def _may_lock() -> bool:
    """Return whether memory may be locked without a limit; under one, later allocations would fail."""
    import resource  # noqa: PLC0415 - it exists on POSIX only

    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        return True
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return effective is not None and bool(int(effective[1], 16) >> _CAP_IPC_LOCK & 1)


def _lock() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.mlockall(_MCL_CURRENT | _MCL_FUTURE) == 0)
