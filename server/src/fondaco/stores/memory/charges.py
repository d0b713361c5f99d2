"""The reference of reading charges, in a few lines over the journal in memory."""

import anyio.lowlevel

from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from fondaco.ports import ChargePage, ChargeQuery
from fondaco.stores.memory.journal import MemoryJournal

_CURRENCIES = tuple(Currency)


class MemoryCharges:
    """Reads what a `MemoryJournal` took."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal

    async def page(self, query: ChargeQuery) -> ChargePage:
        """Return a page."""
        await anyio.lowlevel.checkpoint()
        asked = [entry for entry in self._journal.entries if _asked(entry, query)]
        asked.sort(key=lambda entry: (_at_ms(entry), _CURRENCIES.index(entry.currency)))
        if query.newest_first:
            asked.reverse()
        return ChargePage(tuple(asked[query.offset : query.offset + query.limit]), len(asked))


def _asked(entry: Entry, query: ChargeQuery) -> bool:
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
