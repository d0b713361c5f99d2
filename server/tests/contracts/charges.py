"""What reading charges promises over any store, as a suite to be run against each of them.

Subclass `ChargesContract` as `Test...` and give it the fixture `shop`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from hypothesis import HealthCheck, given, settings, strategies as st

from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency, Funds
from fondaco.domain.money.price import model_of
from fondaco.domain.money.usage import Usage
from fondaco.ports import ChargeQuery, Charges, UsageField, UsageSum, UsageSumQuery

OURS, OTHERS = 4, 5
"""Accounts; both have charges."""
START_MS = 1_735_689_600_000
MOMENTS = 12
"""Times that charges were made at, several at each."""
DAY_MS = 86_400_000

queries = st.builds(
    ChargeQuery,
    account_id=st.sampled_from([OURS, OTHERS, 99]),
    currency=st.none() | st.sampled_from(Currency),
    since_ms=st.none() | st.integers(START_MS - 2, START_MS + MOMENTS + 1),
    until_ms=st.none() | st.integers(START_MS - 2, START_MS + MOMENTS + 1),
    newest_first=st.booleans(),
    limit=st.integers(1, 40),
)

usage_queries = st.builds(
    UsageSumQuery,
    account_id=st.sampled_from([OURS, OTHERS, 99, None]),
    since_ms=st.integers(START_MS - 2, START_MS + MOMENTS + 1),
    until_ms=st.integers(START_MS - 2, START_MS + MOMENTS + 1) | st.just(START_MS + 5 * DAY_MS),
    by=st.frozensets(st.sampled_from(UsageField)),
)


@dataclass(frozen=True)
class Shop:
    """A store, and all entries in it in the order in which they were made."""

    charges: Charges
    entries: Sequence[Entry]


def made_entries(key_id: str) -> list[Entry]:
    """Return charges of two accounts at few moments, among entries that are none."""
    number = count(1)
    grants = [
        Entry(account, EntryKind.GRANT, currency, 10**9, START_MS / 1000, notes="begin")
        for account in (OURS, OTHERS)
        for currency in Currency
    ]
    charges = [
        Entry(
            account_id=account,
            kind=EntryKind.CHARGE,
            currency=currency,
            amount=-next(number),
            at=(START_MS + step * 5 % MOMENTS + step // 15 * DAY_MS) / 1000,
            call_id=f"{step // 2 + 100 * account:032x}",
            key_id=key_id if account == OURS and step % 7 else None,
            sku=f"{('toy', 'large')[step // 9 % 2]}-llm-{('input', 'output')[step % 2]}-mtoken",
            units=step,
            unit_price=7,
            usage=Usage(step, 0, 1, 0) if step % 3 else None,
            execution_ms=step,
            notes="" if step % 4 else "cut off by the caller",
        )
        for step in range(20)
        for account in (OURS, OTHERS)
        for currency in (Currency.DIEM, Currency.USD)[: 1 + step % 2]
    ]
    return [*grants, *charges]


def expected(shop: Shop, query: ChargeQuery) -> list[Entry]:
    asked = [
        entry
        for entry in shop.entries
        if entry.kind is EntryKind.CHARGE
        and entry.account_id == query.account_id
        and query.currency in (None, entry.currency)
        and (query.since_ms is None or query.since_ms <= at_ms(entry))
        and (query.until_ms is None or at_ms(entry) <= query.until_ms)
    ]
    ordered = sorted(asked, key=lambda entry: (at_ms(entry), entry.currency is Currency.DIEM))
    return ordered[::-1] if query.newest_first else ordered


def sums_expected(shop: Shop, query: UsageSumQuery) -> list[UsageSum]:
    """Return the sums as they are added up from all charges, one by one."""
    accounts = (OURS, OTHERS) if query.account_id is None else (query.account_id,)
    asked = [ChargeQuery(one, since_ms=query.since_ms, until_ms=query.until_ms) for one in accounts]
    groups: dict[tuple[int, str, str, str], list[Entry]] = defaultdict(list)
    for entry in (entry for one in asked for entry in expected(shop, one)):
        groups[
            at_ms(entry) // DAY_MS if UsageField.DAY in query.by else 0,
            model_of(entry.sku) if UsageField.MODEL in query.by else "",
            entry.key_id or "" if UsageField.KEY in query.by else "",
            entry.sku if UsageField.SKU in query.by else "",
        ].append(entry)
    return [
        UsageSum(
            calls=len({entry.call_id for entry in entries}),
            spent=Funds(
                *(-sum(e.amount for e in entries if e.currency is one) for one in Currency)
            ),
            day=day or None,
            model=model or None,
            key_id=key_id or None,
            sku=sku or None,
            units=sum(entry.units for entry in entries) if sku else None,
        )
        for (day, model, key_id, sku), entries in sorted(groups.items())
    ]


def at_ms(entry: Entry) -> int:
    return round(entry.at * 1000)


class ChargesContract:
    """The suite; the fixture `shop` holds `made_entries`."""

    @given(query=queries)
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    async def test_all_pages_together_are_all_charges_in_their_order(
        self, shop: Shop, query: ChargeQuery
    ) -> None:
        wanted = expected(shop, query)
        found: list[Entry] = []
        for page in range(1, -(-len(wanted) // query.limit) + 1):
            at_page = ChargeQuery(
                query.account_id,
                query.currency,
                query.since_ms,
                query.until_ms,
                query.newest_first,
                page,
                query.limit,
            )
            read = await shop.charges.page(at_page)
            assert read.total == len(wanted)
            assert len(read.charges) == min(query.limit, len(wanted) - len(found))
            found += read.charges
        assert found == wanted

    async def test_a_page_beyond_the_last_is_empty(self, shop: Shop) -> None:
        total = len(expected(shop, ChargeQuery(OURS)))
        for page in (2, 3, 10**9):
            read = await shop.charges.page(ChargeQuery(OURS, page=page, limit=500))
            assert (tuple(read.charges), read.total) == ((), total)

    async def test_an_account_sees_only_its_own(self, shop: Shop) -> None:
        read = await shop.charges.page(ChargeQuery(OTHERS, limit=500))
        assert {entry.account_id for entry in read.charges} == {OTHERS}
        assert (await shop.charges.page(ChargeQuery(99))).total == 0

    @given(query=usage_queries)
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    async def test_sums_are_those_of_the_charges_one_by_one(
        self, shop: Shop, query: UsageSumQuery
    ) -> None:
        found = [replace(one, key_description=None) for one in await shop.charges.usage(query)]
        assert found == sums_expected(shop, query)

    async def test_no_more_groups_come_than_are_asked_for(self, shop: Shop) -> None:
        query = UsageSumQuery(OURS, 0, START_MS + 9 * DAY_MS, frozenset(UsageField))
        every = await shop.charges.usage(query)
        assert len(every) > 3
        for most in (1, 2, 3):
            some = await shop.charges.usage(replace(query, most=most))
            assert len(some) == most
            assert all(one in every for one in some)
