"""The in-memory reference store of charges."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

import anyio.lowlevel

from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency, Funds
from fondaco.domain.money.price import model_of
from fondaco.ports import ChargePage, ChargeQuery, UsageField, UsageSum, UsageSumQuery
from fondaco.stores.memory.journal import MemoryJournal, MemoryKeys

_CURRENCIES = tuple(Currency)
_DAY_MS = 86_400_000
_Group: TypeAlias = tuple[int | None, str | None, str | None, str | None]
"""Day, model, key and SKU; None where charges are not summed up by it."""


class MemoryCharges:
    """Reads the charges of a `MemoryJournal`."""

    def __init__(self, journal: MemoryJournal, keys: MemoryKeys | None = None) -> None:
        """Read a journal's charges; `keys` have the descriptions of theirs."""
        self._journal = journal
        self._keys = keys

    async def page(self, query: ChargeQuery) -> ChargePage:
        """Return a page."""
        await anyio.lowlevel.checkpoint()
        matching = [entry for entry in self._journal.entries if _matches(entry, query)]
        matching.sort(key=lambda entry: (_at_ms(entry), _CURRENCIES.index(entry.currency)))
        if query.newest_first:
            matching.reverse()
        return ChargePage(tuple(matching[query.offset : query.offset + query.limit]), len(matching))

    async def usage(self, query: UsageSumQuery) -> Sequence[UsageSum]:
        """Return the sums of charges."""
        await anyio.lowlevel.checkpoint()
        groups: dict[_Group, list[Entry]] = defaultdict(list)
        for entry in self._journal.entries:
            if (
                entry.kind is EntryKind.CHARGE
                and query.account_id in (None, entry.account_id)
                and query.since_ms <= _at_ms(entry) <= query.until_ms
            ):
                groups[_group_of(entry, query.by)].append(entry)
        ordered = sorted(groups, key=lambda group: tuple((one is not None, one) for one in group))
        return [self._sum_of(group, groups[group]) for group in ordered[: query.most]]

    def _sum_of(self, group: _Group, entries: Sequence[Entry]) -> UsageSum:
        day, model, key_id, sku = group
        spent = Funds()
        for entry in entries:
            in_usd = entry.currency is Currency.USD
            spent += Funds(usd=-entry.amount) if in_usd else Funds(diem=-entry.amount)
        return UsageSum(
            calls=len({entry.call_id for entry in entries if entry.call_id is not None}),
            spent=spent,
            day=day,
            model=model,
            key_id=key_id,
            key_description=self._description(key_id),
            sku=sku,
            units=None if sku is None else sum(entry.units for entry in entries),
        )

    def _description(self, key_id: str | None) -> str | None:
        if self._keys is None or key_id is None or not self._keys.has(key_id):
            return None
        key, _ = self._keys.by_id(key_id)
        return key.description


def _group_of(entry: Entry, by: frozenset[UsageField]) -> _Group:
    return (
        _at_ms(entry) // _DAY_MS if UsageField.DAY in by else None,
        model_of(entry.sku) if UsageField.MODEL in by else None,
        entry.key_id if UsageField.KEY in by else None,
        entry.sku if UsageField.SKU in by else None,
    )


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
