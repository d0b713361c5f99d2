"""`client.billing`: charges to the last digit, page by page, and as CSV."""

import csv
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from io import StringIO

import anyio.to_thread
import pytest

from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import NANO, Currency
from house import ACCOUNT, SECRET, House, house
from venice_ai import InvalidRequestError, SyncVeniceClient, VeniceClient
from venice_ai.types.api.billing import UsagePage

NEW_YEAR = 1_735_689_600
"""2025-01-01T00:00:00Z."""


@pytest.fixture(scope="module")
async def shared() -> AsyncGenerator[House]:
    """A house with ten charges, a second apart; the fifth is in DIEM."""
    async with house() as one:
        for number in range(10):
            charge(one, number, Currency.DIEM if number == 4 else Currency.USD)
        yield one


def charge(one: House, number: int, currency: Currency = Currency.USD, nano: int = -1) -> None:
    at = float(NEW_YEAR + number)
    entry = Entry(ACCOUNT, EntryKind.CHARGE, currency, nano, at, sku=f"sku-{number}")
    one.journal.entries.append(entry)


def skus(page: UsagePage) -> list[int]:
    return [int(row.sku.removeprefix("sku-")) for row in page.data]


async def test_a_chat_shows_as_its_charges(home: House) -> None:
    async with VeniceClient(api_key=SECRET, base_url=f"{home.url}/api/v1") as client:
        reply = await client.chat.completions.create(
            model="toy", messages=[{"role": "user", "content": "Count!"}]
        )
        page = await client.billing.usage()
    output, prompt = page.data
    assert reply.usage is not None
    assert (prompt.sku, output.sku) == ("toy-llm-input-mtoken", "toy-llm-output-mtoken")
    assert output.units * 10**6 == reply.usage.completion_tokens
    assert output.amount == -output.units * output.price_per_unit_usd
    assert output.inference_details is not None
    assert output.inference_details.request_id == reply.id
    assert output["inferenceDetails"]["promptTokens"] == reply.usage.prompt_tokens
    balance = Decimal((await home.balance()).usd) / NANO
    assert balance == 10 + output.amount + prompt.amount


async def test_no_digit_of_an_amount_is_lost(home: House) -> None:
    charge(home, 1, nano=-123_456_789_123_456_789)
    async with VeniceClient(api_key=SECRET, base_url=f"{home.url}/api/v1") as client:
        [row] = (await client.billing.usage()).data
    assert row.amount == Decimal("-123456789.123456789")
    assert isinstance(row.amount, Decimal)


async def test_a_page_says_where_it_stands(client: VeniceClient) -> None:
    page = await client.billing.usage(limit=3, page=2)
    assert skus(page) == [6, 5, 4]
    assert page.data[0].timestamp == datetime(2025, 1, 1, 0, 0, 6, tzinfo=UTC)
    place = page.pagination
    assert (place.limit, place.page, place.total, place.total_pages) == (3, 2, 10, 4)
    assert page.meta.headers["x-pagination-total-pages"] == "4"


async def test_filters_choose_among_charges(client: VeniceClient) -> None:
    assert skus(await client.billing.usage(currency="DIEM")) == [4]
    assert skus(await client.billing.usage(currency="VCU")) == []
    assert skus(await client.billing.usage(sort_order="asc", limit=2)) == [0, 1]


async def test_times_are_told_with_any_zone_or_as_dates_or_texts(client: VeniceClient) -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    start = datetime(2025, 1, 1, 5, 30, 7, tzinfo=there)
    assert skus(await client.billing.usage(start_date=start)) == [9, 8, 7]
    end = datetime(2025, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert skus(await client.billing.usage(end_date=end)) == [1, 0]
    assert len(skus(await client.billing.usage(end_date=date(2025, 1, 1)))) == 10  # that day too
    assert skus(await client.billing.usage(end_date="2024-12-31")) == []


async def test_a_time_without_a_zone_is_refused_here(client: VeniceClient) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        await client.billing.usage(start_date=datetime(2025, 1, 1))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize("limit", [1, 3, 5, 10, 500])
async def test_pages_hold_every_charge_once(client: VeniceClient, limit: int) -> None:
    pages = client.billing.usage_pages(limit=limit)
    assert [sku async for page in pages for sku in skus(page)] == [*reversed(range(10))]


async def test_pages_keep_to_the_filters_and_begin_at_the_page(client: VeniceClient) -> None:
    pages = client.billing.usage_pages(limit=4, page=2, sort_order="asc", currency="USD")
    assert [sku async for page in pages for sku in skus(page)] == [5, 6, 7, 8, 9]


async def test_no_charge_means_no_page(client: VeniceClient) -> None:
    assert [page async for page in client.billing.usage_pages(currency="VCU")] == []
    assert [page async for page in client.billing.usage_pages(page=99)] == []


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_charges_that_come_meanwhile_move_nothing_from_page_to_page(
    home: House, order: str
) -> None:
    for number in range(6):
        charge(home, number)
    found: list[int] = []
    async with VeniceClient(api_key=SECRET, base_url=f"{home.url}/api/v1") as client:
        oldest_first = order == "asc"
        pages = client.billing.usage_pages(limit=2, sort_order="asc" if oldest_first else None)
        async for page in pages:
            found += skus(page)
            if len(found) == 2:
                charge(home, 100)
    assert found == ([0, 1, 2, 3, 4, 5, 100] if oldest_first else [5, 4, 3, 2, 1, 0])


async def test_a_page_comes_as_csv(client: VeniceClient) -> None:
    table = await client.billing.usage_csv(limit=2, currency="USD")
    assert table.endswith("\r\n")
    rows = list(csv.DictReader(StringIO(table, newline="")))
    assert [row["sku"] for row in rows] == ["sku-9", "sku-8"]
    assert Decimal(rows[0]["amount"]) == Decimal("-0.000000001")


async def test_a_filter_that_does_not_fit_is_refused(client: VeniceClient) -> None:
    with pytest.raises(InvalidRequestError) as told:
        await client.billing.usage(limit=501)
    assert "limit" in str(told.value.details)
    with pytest.raises(InvalidRequestError):
        await client.billing.usage_csv(limit=0)


async def test_the_synchronous_client_turns_pages_and_gets_csv(shared: House) -> None:
    def call() -> tuple[list[int], str]:
        with SyncVeniceClient(api_key=SECRET, base_url=f"{shared.url}/api/v1") as client:
            pages = client.billing.usage_pages(limit=4)
            rows = [sku for page in pages for sku in skus(page)]
            assert client.billing.usage().pagination.total == 10
            return rows, client.billing.usage_csv(limit=1)

    rows, table = await anyio.to_thread.run_sync(call)
    assert rows == [*reversed(range(10))]
    assert table.startswith("timestamp,sku,")


async def test_charges_are_added_up_by_group_to_the_last_digit(home: House) -> None:
    for number in range(2):
        charge(home, number, nano=-123_456_789_123_456_789)
    charge(home, 2, Currency.DIEM)
    async with VeniceClient(api_key=SECRET, base_url=f"{home.url}/api/v1") as client:
        [day] = (
            await client.billing.summary(start_date=date(2025, 1, 1), end_date="2025-01-02")
        ).data
        by_sku = (
            await client.billing.summary(group_by=("day", "sku"), end_date=date(2025, 1, 1))
        ).data
    assert (day.date, day.model) == ("2025-01-01", None)
    assert (day.usd, day.diem) == (Decimal("246913578.246913578"), Decimal("0.000000001"))
    assert sorted(one.sku or "" for one in by_sku) == ["sku-0", "sku-1", "sku-2"]


async def test_a_group_that_there_is_not_is_refused(client: VeniceClient) -> None:
    with pytest.raises(InvalidRequestError, match="groupBy"):
        await client.billing.summary(group_by="week")  # type: ignore[arg-type]
