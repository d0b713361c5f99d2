"""GET /billing/usage: what the account was charged, as JSON and as CSV."""

import csv
from collections.abc import AsyncGenerator
from decimal import Decimal
from io import StringIO

import httpx2
import orjson
import pytest

from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import NANO, Currency, Funds, nano
from fondaco.domain.money.price import ImagePrice
from fondaco.domain.money.usage import Usage
from fondaco.http.apis.venice.billing.schemas import UsagePage
from fondaco.http.apis.venice.billing.usage_rows import as_csv, usage_row
from house import ACCOUNT, PEPPER, House, house

USAGE = "/api/v1/billing/usage"
NEW_YEAR = 1_735_689_600
"""2025-01-01T00:00:00Z."""


@pytest.fixture
async def alone() -> AsyncGenerator[House]:
    """A house of its own: its ledger is looked at."""
    async with house() as one:
        yield one


def charge(at: float = NEW_YEAR, currency: Currency = Currency.USD, **fields: object) -> Entry:
    text: dict[str, object] = {
        "sku": "toy-llm-output-mtoken",
        "units": 227,
        "unit_price": nano("2.8"),
        "usage": Usage(339, 0, 227, 0),
        "execution_ms": 2964,
    }
    given = {**text, **fields}
    return Entry(ACCOUNT, EntryKind.CHARGE, currency, -635_600, at, **given)  # type: ignore[arg-type]  # one dict for all types


async def usage(one: House, **query: object) -> UsagePage:
    reply = await one.client.get(USAGE, params={k: str(v) for k, v in query.items()})
    assert reply.status_code == 200, reply.text
    return UsagePage.model_validate_json(reply.content)


async def test_a_call_shows_as_its_rows(alone: House) -> None:
    reply = (await alone.chat()).json()
    prompt, output = reply["usage"]["prompt_tokens"], reply["usage"]["completion_tokens"]
    page = orjson.loads((await alone.client.get(USAGE)).content)
    last, first = page["data"]
    assert [first["sku"], last["sku"]] == ["toy-llm-input-mtoken", "toy-llm-output-mtoken"]
    assert last["units"] == output / 10**6
    assert (last["pricePerUnitUsd"], last["currency"], last["notes"]) == (
        0.9,
        "USD",
        "API Inference",
    )
    assert last["inferenceDetails"] == first["inferenceDetails"]
    details = first["inferenceDetails"]
    assert (details["requestId"], details["promptTokens"]) == (reply["id"], prompt)
    assert details["completionTokens"] == output
    assert details["inferenceExecutionTime"] >= 0
    assert page["pagination"] == {"limit": 200, "page": 1, "total": 2, "totalPages": 1}
    charged = sum(round(row["amount"] * NANO) for row in page["data"])
    assert await alone.balance() == Funds(usd=10 * NANO + charged)


async def test_numbers_are_the_exact_decimals(alone: House) -> None:
    dear = -123_456_789_123_456_789
    alone.journal.entries.append(charge(units=240, unit_price=1))
    alone.journal.entries.append(
        Entry(ACCOUNT, EntryKind.CHARGE, Currency.USD, dear, NEW_YEAR + 1, sku="toy-image-unit")
    )
    text = (await alone.client.get(USAGE)).text
    assert '"amount":-123456789.123456789,' in text
    assert '"units":0.00024,' in text or '"units":0.00024}' in text
    assert '"pricePerUnitUsd":0.000000001,' in text


async def test_an_image_has_a_price_for_each_and_no_inference_of_tokens(alone: House) -> None:
    price = ImagePrice(nano("0.01"), 1, 1, 1)
    [row] = price.charge("painter", Usage(images=3)).rows
    image = charge(sku=row.sku, units=row.units, unit_price=row.unit_price, usage=None)
    alone.journal.entries.append(image)
    [shown] = (await usage(alone)).data
    assert (shown.sku, shown.units, shown.pricePerUnitUsd) == ("painter-image-unit", 3, 0.01)
    assert shown.inferenceDetails is None


async def test_a_charge_cut_short_says_why(alone: House) -> None:
    alone.journal.entries.append(charge(notes="cut off by the caller"))
    assert (await usage(alone)).data[0].notes == "cut off by the caller"


async def test_only_charges_are_usage(alone: House) -> None:
    assert [entry.kind for entry in alone.journal.entries] == [EntryKind.GRANT]
    page = await usage(alone)
    assert (page.data, page.pagination.total, page.pagination.totalPages) == ([], 0, 0)


async def test_pages_say_where_they_stand(alone: House) -> None:
    alone.journal.entries += [charge(NEW_YEAR + second) for second in range(5)]
    reply = await alone.client.get(USAGE, params={"limit": "2", "page": "3"})
    page = UsagePage.model_validate_json(reply.content)
    assert [row.timestamp for row in page.data] == ["2025-01-01T00:00:00.000Z"]
    assert page.pagination.model_dump() == {"limit": 2, "page": 3, "total": 5, "totalPages": 3}
    shown = {name: reply.headers[f"x-pagination-{name}"] for name in ("limit", "page", "total")}
    assert shown == {"limit": "2", "page": "3", "total": "5"}
    assert reply.headers["x-pagination-total-pages"] == "3"
    beyond = await usage(alone, limit=2, page=4)
    assert (beyond.data, beyond.pagination.total) == ([], 5)


async def test_the_order_can_be_turned(alone: House) -> None:
    alone.journal.entries += [charge(NEW_YEAR + second) for second in range(3)]
    newest = (await usage(alone)).data
    assert newest == (await usage(alone, sortOrder="asc")).data[::-1]
    assert newest[0].timestamp == "2025-01-01T00:00:02.000Z"


async def test_one_currency_can_be_asked_for(alone: House) -> None:
    alone.journal.entries += [charge(currency=currency) for currency in Currency]
    for currency in ("USD", "DIEM"):
        assert [row.currency for row in (await usage(alone, currency=currency)).data] == [currency]
    assert (await usage(alone, currency="VCU")).pagination.total == 0


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("startDate=2025-01-01T00:00:01Z&endDate=2025-01-01T00:00:02Z", [1, 2]),
        ("startDate=2025-01-01T02:00:02%2B02:00", [2, 3]),
        ("startDate=2025-01-01T02:00:02+02:00", [2, 3]),
        ("startDate=2025-01-01T00:00:01.0005Z", [2, 3]),
        ("endDate=2025-01-01T00:00:00.9999Z", [0]),
        ("endDate=2025-01-01", [0, 1, 2, 3]),
        ("startDate=2025-01-01&endDate=2025-01-01", [0, 1, 2, 3]),
        ("startDate=20250101&endDate=2025-01-01", [0, 1, 2, 3]),
        ("startDate=2025-01-02&endDate=2025-01-02", []),
        ("startDate=2024-12-31&endDate=2024-12-31", []),
        ("startDate=2025-01-01T00:00:02Z&endDate=2025-01-01", [2, 3]),
        ("startDate=2025-01-01&endDate=2025-01-01T00:00:00Z", [0]),
        ("startDate=2025-01-01T00:00:00Z&endDate=2025-01-01T00:00:00Z", [0]),
        ("startDate=9999-12-31&endDate=9999-12-31", []),
        ("endDate=0001-01-01", []),
        ("startDate=2024-12-31T19:00:03-05:00", [3]),
        ("startDate=2025-01-01T00:00:03&endDate=9999-12-31T23:59:59Z", [3]),
        ("startDate=0001-01-01T00:00:00%2B14:00&endDate=0001-01-02T00:00:00Z", []),
    ],
)
async def test_dates_are_within_the_range(alone: House, query: str, seconds: list[int]) -> None:
    alone.journal.entries += [charge(NEW_YEAR + second) for second in range(4)]
    page = UsagePage.model_validate_json(
        (await alone.client.get(f"{USAGE}?{query}&sortOrder=asc")).content
    )
    assert [int(row.timestamp[17:19]) for row in page.data] == seconds


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=ten", "limit"),
        ("page=0", "page"),
        ("page=1000000001", "page"),
        ("currency=EUR", "currency"),
        ("sortOrder=up", "sortOrder"),
        ("startDate=yesterday", "startDate"),
        ("startDate=1735689600", "startDate"),
        ("startDate=1735689600000", "startDate"),
        ("endDate=99999999999999999999", "endDate"),
        ("endDate=10000-01-01", "endDate"),
        ("endDate=2025-02-30", "endDate"),
        ("endDate=", "endDate"),
        ("startdate=2025-01-01", "startdate"),
    ],
)
async def test_a_query_that_breaks_the_contract_is_refused(
    shared: House, query: str, field: str
) -> None:
    reply = await shared.client.get(f"{USAGE}?{query}")
    assert reply.status_code == 400, reply.text
    assert reply.json()["details"][field]["_errors"]


async def test_an_unknown_field_is_refused_with_the_nearest_one(shared: House) -> None:
    reply = await shared.client.get(f"{USAGE}?startdate=2025-01-01")
    [said] = reply.json()["details"]["startdate"]["_errors"]
    assert "Did you mean 'startDate'?" in said


async def test_a_start_after_the_end_is_refused(shared: House) -> None:
    reply = await shared.client.get(f"{USAGE}?startDate=2025-01-02&endDate=2025-01-01")
    assert reply.status_code == 400
    assert "startDate is after endDate" in reply.text


async def test_an_inference_key_sees_no_bills(alone: House) -> None:
    key = Key("cd" * 16, ACCOUNT, KeyType.INFERENCE, "", "abcdef", created_at=0.0)
    alone.keys.put(Account(ACCOUNT, "tests"), digest(PEPPER, "another"), key)
    reply = await alone.client.get(USAGE, headers={"Authorization": "Bearer another"})
    assert (reply.status_code, reply.json()["code"]) == (403, "UNAUTHORIZED")


async def test_another_account_sees_its_own_charges_only(alone: House) -> None:
    alone.journal.entries.append(charge())
    key = Key("cd" * 16, 11, KeyType.ADMIN, "", "abcdef", created_at=0.0)
    alone.journal.add_account(11)
    alone.keys.put(Account(11, "others"), digest(PEPPER, "another"), key)
    reply = await alone.client.get(USAGE, headers={"Authorization": "Bearer another"})
    assert reply.json()["pagination"]["total"] == 0
    assert (await usage(alone)).pagination.total == 1


async def as_text(one: House, accept: str) -> httpx2.Response:
    return await one.client.get(USAGE, headers={"Accept": accept})


async def test_csv_has_the_same_rows(alone: House) -> None:
    alone.journal.entries += [charge(call_id="ab" * 16), charge(NEW_YEAR + 1, usage=None)]
    reply = await as_text(alone, "text/csv")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"] == "attachment; filename=billing_usage.csv"
    assert reply.headers["x-pagination-total"] == "2"
    head, newest, oldest = csv.reader(StringIO(reply.text, newline=""))
    assert head[:4] == ["timestamp", "sku", "units", "pricePerUnitUsd"]
    assert newest[-4:] == ["", "", "", ""]
    assert oldest == [
        "2025-01-01T00:00:00.000Z",
        "toy-llm-output-mtoken",
        "0.000227",
        "2.8",
        "-0.0006356",
        "USD",
        "API Inference",
        f"chatcmpl-{'ab' * 16}",
        "339",
        "227",
        "2964",
    ]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("application/json, text/csv", "application/json"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv, */*;q=0.1", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("TEXT/CSV ; q=1.0", "text/csv"),
        ("text/csv;q=nonsense", "application/json"),
        ("image/png", "application/json"),
    ],
)
async def test_the_accept_header_chooses(shared: House, accept: str, media_type: str) -> None:
    reply = await as_text(shared, accept)
    assert reply.headers["content-type"].partition(";")[0] == media_type
    assert "accept" in reply.headers.get_list("vary")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    evil = f'{start}HYPERLINK("http://x","y"),\n"'
    written = as_csv([usage_row(charge(notes=evil))])
    assert written.endswith("\r\n")
    [_, row] = csv.reader(StringIO(written, newline=""))
    assert row[6] == f"'{evil}"
    assert Decimal(row[4]) < 0
