"""Handover: passes commands from the event loop to the writer thread, which lets those that can wait gather."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from fondaco.stores.sqlite.ledger.commands import Command

_MAX_BATCH: Final = 1000
"""Commands above which no more are gathered."""
FOLLOW_S: Final = 0.05
"""How long commands gather that nothing waits for, such as charges that are in the log already."""


class Handover:
    """A queue that wakes the thread at once only for commands that something waits for."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Sequence[Command]] = SimpleQueue()
        self._awaited = threading.Event()

    def put(self, commands: Sequence[Command], *, awaited: bool) -> None:
        """Pass commands on; `awaited`: something waits for one of them."""
        self._queue.put(commands)
        if awaited:
            self._awaited.set()

    def take(self, timeout_s: float) -> list[Command]:
        """Wait for commands and return those that have gathered, in order; none after the time-out."""
        try:
            commands = list(self._queue.get(timeout=timeout_s))
        except Empty:
            return []
        self._awaited.wait(FOLLOW_S)
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
