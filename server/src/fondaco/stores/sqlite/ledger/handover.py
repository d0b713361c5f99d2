"""Handover: passes commands from the event loop to the writer thread, which lets those that can wait gather."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from fondaco.stores.sqlite.ledger.commands import Command

_MAX_BATCH: Final = 1000
"""Commands above which no more are gathered."""
_FOLLOW_S: Final = 0.05
"""Time for which commands gather that nothing waits for: charges that are in the log already, for one."""
_FOLLOW_AFTER: Final = 32
"""Commands after which they gather no longer. Measured: to keep more costs the event loop more, as their
memory leaves the processor's cache, than larger batches save the thread."""


class Handover:
    """A queue that lets the thread wait until something waits for a command, or many have gathered."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Sequence[Command]] = SimpleQueue()
        self._awaited = threading.Event()
        self._gathered = 0

    def put(self, commands: Sequence[Command], *, awaited: bool) -> None:
        """Pass commands on; `awaited`: something waits for one of them."""
        self._queue.put(commands)
        self._gathered += len(commands)
        if awaited or self._gathered >= _FOLLOW_AFTER:
            self._gathered = 0
            self._awaited.set()

    def take(self, timeout_s: float) -> list[Command]:
        """Wait for commands and return those that have gathered, in order; none after the time-out."""
        try:
            commands = list(self._queue.get(timeout=timeout_s))
        except Empty:
            return []
        self._awaited.wait(_FOLLOW_S)
        self._awaited.clear()  # before the rest is taken, so that no later command waits unseen
        with suppress(Empty):
            while len(commands) < _MAX_BATCH:
                commands += self._queue.get_nowait()
            self._awaited.set()  # what is left has waited long enough
        return commands

    def rest(self) -> list[Command]:
        """Return all commands that are left, without waiting."""
        commands: list[Command] = []
        with suppress(Empty):
            while True:
                commands += self._queue.get_nowait()
        return commands
