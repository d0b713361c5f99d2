"""Commands of the ledger's writer thread, and the batch that several of them form."""

import sqlite3
from asyncio import Future
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from fondaco.domain.fast_init import fast_init
from fondaco.domain.jobs import JobEnd
from fondaco.domain.money.ledger import Entry, OpenCall
from fondaco.stores.sqlite.ledger.batch import Batch

Begin: TypeAlias = Literal["BEGIN", "BEGIN IMMEDIATE"]
"""Statement that begins a query's transaction."""


@fast_init
@dataclass(frozen=True, slots=True)
class WriteEntries:
    """Append entries, delete an open call and end a job, in one transaction."""

    entries: Sequence[Entry]
    closes: str | None
    done: "Future[None]"
    ends: JobEnd | None = None


@fast_init
@dataclass(frozen=True, slots=True, eq=False)
class LogCharges:
    """Append the charges of a call to the charge log; for the event loop alone."""

    entries: Sequence[Entry]
    closes: str | None
    done: "Future[None]"

    def unlogged(self) -> WriteEntries:
        """Return the command that commits them at once."""
        return WriteEntries(self.entries, self.closes, self.done)


@fast_init
@dataclass(frozen=True, slots=True)
class EnterLogged:
    """Enter charges that are in the charge log, and so confirmed; nothing waits for it."""

    entries: Sequence[Entry]
    closes: str | None
    ends: None = None
    """Jobs end together with a charge that is committed at once."""


@dataclass(frozen=True, slots=True)
class DropSegment:
    """Delete a segment of the charge log, all charges of which were entered by earlier commands."""

    segment: Path


@dataclass(frozen=True, slots=True)
class RecordProgress:
    """Insert or update open calls; nothing waits for it."""

    calls: Sequence[OpenCall]


@dataclass(frozen=True, slots=True)
class RecordKeyUses:
    """Record when keys were last used, by key id in Unix seconds; nothing waits for it."""

    used: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CountCharacterUses:
    """Add to the number of chats of characters, by slug; nothing waits for it."""

    uses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Run a query after all earlier commands, and before all later ones."""

    query: Callable[[sqlite3.Connection], None]
    done: "Future[None]"
    begin: Begin = "BEGIN"
    """IMMEDIATE for a query that changes rows, other than entries."""


class StopWriter:
    """Stop the writer once all earlier commands are done."""


Batchable: TypeAlias = (
    WriteEntries | EnterLogged | RecordProgress | RecordKeyUses | CountCharacterUses
)
"""Commands that are committed together."""
Logged: TypeAlias = EnterLogged | DropSegment
"""Commands that are kept until they succeed."""
Command: TypeAlias = Batchable | LogCharges | DropSegment | RunQuery | StopWriter
AWAITED: Final = (WriteEntries, LogCharges, RunQuery, StopWriter)
"""Commands that something waits for."""


def split(command: Batchable) -> Sequence[Batchable]:
    """Split a command into parts that may fail without the others."""
    match command:
        case RecordProgress():
            return [RecordProgress((call,)) for call in command.calls]
        case RecordKeyUses():
            return [RecordKeyUses({key_id: at}) for key_id, at in command.used.items()]
        case CountCharacterUses():
            return [CountCharacterUses({slug: uses}) for slug, uses in command.uses.items()]
        case WriteEntries() | EnterLogged():
            return [command]


def batch_of(commands: Sequence[Batchable]) -> Batch:
    """Return the batch that the commands form together."""
    batch = Batch()
    for command in commands:
        match command:
            case WriteEntries() | EnterLogged():
                batch.entries += command.entries
                if command.closes is not None:
                    batch.closed.append(command.closes)
                if command.ends is not None:
                    batch.ends.append(command.ends)
            case RecordProgress():
                batch.notes.update((call.call_id, call) for call in command.calls)
            case RecordKeyUses():
                batch.used.update(command.used)
            case CountCharacterUses():
                batch.counts.update(command.uses)
    return batch
