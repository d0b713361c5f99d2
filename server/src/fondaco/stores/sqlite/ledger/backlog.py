"""Backlog: logged charges on their way to the database, kept until it has taken them."""

import sqlite3
from collections.abc import Sequence

from fondaco.stores.sqlite.ledger.commands import Command, DropSegment, EnterLogged, Logged
from fondaco.stores.sqlite.ledger.replay import is_entered


class Backlog:
    """Counts of logged and entered charges, and those that the database could not take at first.

    While some are kept, no later command may overtake them.
    """

    def __init__(self) -> None:
        self.logged = 0
        """Charges that were logged; counted on the event loop alone."""
        self.entered = 0
        """Those of which the database has what became of them; counted on the thread alone."""
        self.kept: list[Logged] = []
        self.fault: Exception | None = None
        """Why they are kept."""
        self.follows = True
        """Whether the database could take all when last tried. If not, no more charges are logged."""
        self._unsure = False

    @property
    def behind(self) -> int:
        """The number of logged charges that the database lacks."""
        return self.logged - self.entered

    def count_logged(self, commands: Sequence[Command]) -> None:
        """Count the logged charges among commands."""
        self.logged += sum(isinstance(command, EnterLogged) for command in commands)

    def count_entered(self, commands: Sequence[Command]) -> None:
        """Count the logged charges among commands as entered."""
        self.entered += sum(isinstance(command, EnterLogged) for command in commands)

    def keep(self, commands: Sequence[Command], fault: Exception | None) -> None:
        """Keep the logged charges among commands that failed for a transient reason."""
        self.kept += [one for one in commands if isinstance(one, EnterLogged | DropSegment)]
        self.fault = fault

    def keep_unsure(self, commands: Sequence[Command], fault: Exception) -> None:
        """Keep those of an aborted round, of which some may be entered."""
        self.kept = []
        self.keep(commands, fault)
        self.follows, self._unsure = not self.kept, True

    def take(self, connection: sqlite3.Connection) -> list[Logged]:
        """Return what is kept, to be tried again, without what the database has after all."""
        kept = self.kept
        if self._unsure:
            there = [
                one for one in kept if isinstance(one, EnterLogged) and _is_in(connection, one)
            ]
            kept = [one for one in kept if one not in there]
            self.count_entered(there)
        self.kept, self._unsure = [], False
        return kept


def _is_in(connection: sqlite3.Connection, command: EnterLogged) -> bool:
    return is_entered(connection, str(command.entries[0].call_id))
