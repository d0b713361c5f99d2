"""Hardening of the enclave's process: its memory stays in RAM, and out of dumps and debuggers."""

import logging

from fondaco.processes import harden, lock_memory

_log = logging.getLogger(__name__)


def harden_enclave() -> bool:
    """Harden this process, and return whether its memory is locked in RAM."""
    harden()
    locked = lock_memory()
    if not locked:
        _log.warning(
            "The enclave's memory is not locked: keys and prompts may be swapped to disk. Raise the limit "
            "(ulimit -l unlimited, or LimitMEMLOCK=infinity in systemd), or disable swap."
        )
    return locked
