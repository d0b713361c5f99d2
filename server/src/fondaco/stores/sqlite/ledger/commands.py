"""Orders: what the writer is asked to do, and what several of them amount to together."""

import sqlite3
from asyncio import Future
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fondaco.domain.fast_init import fast_init
from fondaco.domain.money.ledger import Entry, OpenCall
from fondaco.stores.sqlite.ledger.batch import Batch

Begin: TypeAlias = Literal["BEGIN", "BEGIN IMMEDIATE"]
"""How a question's transaction begins."""


@fast_init
@dataclass(frozen=True, slots=True)
class Write:
    """Entries to append and an open call to forget, in one transaction."""

    entries: Sequence[Entry]
    closes: str | None
    done: "Future[None]"


@dataclass(frozen=True, slots=True)
class Note:
    """Open calls and their progress; nobody waits."""

    calls: Sequence[OpenCall]


@dataclass(frozen=True, slots=True)
class Touch:
    """When keys were last used, in Unix seconds; nobody waits."""

    used: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Count:
    """How many more chats characters answered, by slug; nobody waits."""

    uses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Read:
    """A question to be asked after what was ordered before it, and before what is ordered after."""

    ask: Callable[[sqlite3.Connection], None]
    done: "Future[None]"
    begin: Begin = "BEGIN"
    """IMMEDIATE where the question may also change rows, other than entries."""


class Stop:
    """The end: what was ordered before is still done."""


Noting: TypeAlias = Write | Note | Touch | Count
"""What is carried out together with others of its kind."""
Order: TypeAlias = Noting | Read | Stop


def parts(order: Noting) -> Sequence[Noting]:
    """Return what of an order may fail without the rest."""
    match order:
        case Note():
            return [Note((call,)) for call in order.calls]
        case Touch():
            return [Touch({key_id: at}) for key_id, at in order.used.items()]
        case Count():
            return [Count({slug: uses}) for slug, uses in order.uses.items()]
        case Write():
            return [order]


def batch_of(orders: Sequence[Noting]) -> Batch:
    """Return what the orders amount to together."""
    batch = Batch()
    for order in orders:
        match order:
            case Write():
                batch.entries += order.entries
                if order.closes is not None:
                    batch.closed.append(order.closes)
            case Note():
                batch.notes.update((call.call_id, call) for call in order.calls)
            case Touch():
                batch.used.update(order.used)
            case Count():
                batch.counts.update(order.uses)
    return batch
