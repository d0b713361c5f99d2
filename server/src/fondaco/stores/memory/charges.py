"""The in-memory reference store of charges."""

import anyio.lowlevel

from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from fondaco.ports import ChargePage, ChargeQuery
from fondaco.stores.memory.journal import MemoryJournal

_CURRENCIES = tuple(Currency)


class MemoryCharges:
    """Reads the charges of a `MemoryJournal`."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal

    async def page(self, query: ChargeQuery) -> ChargePage:
        """Return a page."""
        await anyio.lowlevel.checkpoint()
        matching = [entry for entry in self._journal.entries if _matches(entry, query)]
        matching.sort(key=lambda entry: (_at_ms(entry), _CURRENCIES.index(entry.currency)))
        if query.newest_first:
            matching.reverse()
        return ChargePage(tuple(matching[query.offset : query.offset + query.limit]), len(matching))


def _matches(entry: Entry, query: ChargeQuery) -> bool:
    at_ms = _at_ms(entry)
    return (
        entry.kind is EntryKind.CHARGE
        and entry.account_id == query.account_id
        and query.currency in (None, entry.currency)
        and (query.since_ms is None or at_ms >= query.since_ms)
        and (query.until_ms is None or at_ms <= query.until_ms)
    )


def _at_ms(entry: Entry) -> int:
    return round(entry.at * 1000)
