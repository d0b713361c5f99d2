"""GET /billing/usage/summary: sums of the account's charges, as JSON and as CSV."""

import csv
import json
from collections.abc import AsyncGenerator
from decimal import Decimal
from io import StringIO
from itertools import count

import httpx2
import orjson
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from fondaco.domain.money.account import Account, Key, KeyType, digest
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency
from house import ACCOUNT, PEPPER, House, house

SUMMARY, USAGE = "/api/v1/billing/usage/summary", "/api/v1/billing/usage"
NEW_YEAR = 1_735_689_600
"""2025-01-01T00:00:00Z."""
JANUARY = {"startDate": "2025-01-01", "endDate": "2025-01-31"}
DAY_S = 86_400
OWN_KEY = "ab" * 16
_numbers = count(1)


@pytest.fixture
async def alone() -> AsyncGenerator[House]:
    """A house of its own: its ledger is written."""
    async with house() as one:
        yield one


def charge(
    amount: int,
    at: float = NEW_YEAR,
    currency: Currency = Currency.USD,
    sku: str = "toy-llm-output-mtoken",
    key_id: str | None = OWN_KEY,
) -> Entry:
    return Entry(
        ACCOUNT,
        EntryKind.CHARGE,
        currency,
        -amount,
        at,
        f"{next(_numbers):032x}",
        key_id,
        sku,
        units=240,
        unit_price=1,
    )


async def rows(one: House, **query: str) -> list[dict[str, object]]:
    reply = await one.client.get(SUMMARY, params=JANUARY | query)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, object]] = orjson.loads(reply.content)["data"]
    return found


def bearer(one: House, secret: str, account_id: int, type_: KeyType) -> dict[str, str]:
    """Return the header of another key, and of another account where there is none of this id."""
    one.journal.add_account(account_id)
    key = Key(f"{next(_numbers):032x}", account_id, type_, "", secret[-6:], 0.0)
    one.keys.put(Account(account_id, str(account_id)), digest(PEPPER, secret), key)
    return {"Authorization": f"Bearer {secret}"}


async def test_a_call_counts_once_though_it_has_several_charges(alone: House) -> None:
    await alone.chat()
    await alone.chat()
    today = await alone.client.get(SUMMARY, params={"groupBy": "model,key"})
    [row] = orjson.loads(today.content)["data"]
    charged = sum(-entry.amount for entry in alone.charges())
    assert row == {
        "model": "toy",
        "keyId": OWN_KEY,
        "keyDescription": "tests",
        "calls": 2,
        "usd": charged / 10**9,
        "diem": 0,
    }


async def test_rows_have_the_fields_that_they_are_summed_up_by(alone: House) -> None:
    alone.journal.entries += [
        charge(1),
        charge(2, NEW_YEAR + DAY_S - 0.001, Currency.DIEM),
        charge(4, NEW_YEAR + DAY_S, sku="toy-image-unit"),
        charge(8, NEW_YEAR + DAY_S, key_id=None),
    ]
    assert await rows(alone) == [
        {"date": "2025-01-01", "calls": 2, "usd": 1e-9, "diem": 2e-9},
        {"date": "2025-01-02", "calls": 2, "usd": 1.2e-8, "diem": 0},
    ]
    assert await rows(alone, groupBy="") == [{"calls": 4, "usd": 1.3e-8, "diem": 2e-9}]
    assert await rows(alone, groupBy="sku") == [
        {"sku": "toy-image-unit", "units": 240, "calls": 1, "usd": 4e-9, "diem": 0},
        {"sku": "toy-llm-output-mtoken", "units": 0.00072, "calls": 3, "usd": 9e-9, "diem": 2e-9},
    ]
    [foreign, own] = await rows(alone, groupBy="key")
    assert (foreign["keyId"], foreign["keyDescription"], foreign["calls"]) == (None, None, 1)
    assert (own["keyId"], own["keyDescription"], own["calls"]) == (OWN_KEY, "tests", 3)
    everything = await rows(alone, groupBy="sku,key,model,day,day")
    assert [list(row) for row in everything] == 3 * [
        ["date", "model", "keyId", "keyDescription", "sku", "units", "calls", "usd", "diem"]
    ]


async def test_days_are_those_of_utc_and_bounds_may_lie_within_them(alone: House) -> None:
    alone.journal.entries += [charge(1), charge(2, NEW_YEAR + 3600), charge(4, NEW_YEAR + DAY_S)]
    within = await rows(alone, startDate="2025-01-01T02:00:00+01:00", endDate="2025-01-01")
    assert within == [{"date": "2025-01-01", "calls": 1, "usd": 2e-9, "diem": 0}]


async def test_the_last_30_days_are_the_default(alone: House) -> None:
    now = alone.platform.clock.now()
    alone.journal.entries += [
        charge(1, now),
        charge(2, now - 28 * DAY_S),
        charge(4, now - 31 * DAY_S),
    ]
    reply = await alone.client.get(SUMMARY, params={"groupBy": ""})
    assert orjson.loads(reply.content)["data"] == [{"calls": 2, "usd": 3e-9, "diem": 0}]


@given(
    charges=st.lists(
        st.builds(
            charge,
            st.integers(0, 10**15),
            st.integers(0, 40 * DAY_S * 1000 - 1).map(lambda ms: NEW_YEAR + ms / 1000),
            st.sampled_from(Currency),
            st.sampled_from(["toy-llm-input-mtoken", "toy-image-unit", "other-embedding-mtoken"]),
            st.sampled_from([OWN_KEY, "cd" * 16, None]),
        ),
        max_size=12,
    ),
    by=st.sets(st.sampled_from(["day", "model", "key", "sku"])),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_sums_are_those_of_the_charges_to_the_nano_unit(
    shared: House, charges: list[Entry], by: set[str]
) -> None:
    before = list(shared.journal.entries)
    shared.journal.entries += charges
    try:
        summed = await shared.client.get(SUMMARY, params=JANUARY | {"groupBy": ",".join(by)})
        listed = await shared.client.get(USAGE, params=JANUARY | {"limit": "500"})
    finally:
        shared.journal.entries[:] = before
    for name, currency in (("usd", "USD"), ("diem", "DIEM")):
        total = sum(exact(row[name]) for row in decimals(summed))
        assert total == -sum(
            exact(row["amount"]) for row in decimals(listed) if row["currency"] == currency
        )


def decimals(reply: httpx2.Response) -> list[dict[str, object]]:
    """Return the rows of a reply, with numbers as they are written."""
    found: list[dict[str, object]] = json.loads(
        reply.content, parse_float=Decimal, parse_int=Decimal
    )["data"]
    return found


def exact(number: object) -> Decimal:
    assert isinstance(number, Decimal)
    return number


async def test_csv_has_the_same_rows_and_no_formula(alone: House) -> None:
    alone.journal.entries += [charge(1), charge(2, sku="=cmd()-image-unit", key_id=None)]
    reply = await alone.client.get(
        SUMMARY, params=JANUARY | {"groupBy": "day,model,key,sku"}, headers={"accept": "text/csv"}
    )
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert "billing_usage_summary.csv" in reply.headers["content-disposition"]
    head, *table = csv.reader(StringIO(reply.text))
    assert head == [
        "date", "model", "keyId", "keyDescription", "sku", "units", "calls", "usd", "diem",
    ]  # fmt: skip
    assert table == [
        ["2025-01-01", "'=cmd()", "", "", "'=cmd()-image-unit", "240", "1", "0.000000002", "0"],
        ["2025-01-01", "toy", OWN_KEY, "tests", "toy-llm-output-mtoken", "0.00024", "1", "0.000000001", "0"],
    ]  # fmt: skip


async def test_an_account_sees_its_own_charges_alone(alone: House) -> None:
    alone.journal.entries.append(charge(1))
    other = bearer(alone, "fondaco_of_another", 77, KeyType.ADMIN)
    reply = await alone.client.get(SUMMARY, params=JANUARY, headers=other)
    assert (reply.status_code, reply.json()) == (200, {"data": []})


async def test_a_key_for_inference_may_not_ask(alone: House) -> None:
    key = bearer(alone, "fondaco_for_inference", 78, KeyType.INFERENCE)
    assert (await alone.client.get(SUMMARY, headers=key)).status_code == 403


@pytest.mark.parametrize(
    ("query", "field", "why"),
    [
        ({"groupBy": "hour"}, "groupBy", "day, model, key, sku"),
        ({"groupBy": "day,"}, "groupBy", "day, model, key, sku"),
        ({"startDate": "yesterday"}, "startDate", "ISO 8601"),
        ({"startDate": "2025-01-02", "endDate": "2025-01-01"}, "", "startDate is after endDate"),
        ({"startDate": "2024-01-01", "endDate": "2025-01-01"}, "startDate", "at most 366 days"),
        ({"startDate": "9999-01-01"}, "startDate", "in the future"),
        ({"limit": "3"}, "limit", ""),
    ],
)
async def test_a_wrong_query_is_refused_with_its_reason(
    shared: House, query: dict[str, str], field: str, why: str
) -> None:
    reply = await shared.client.get(SUMMARY, params=query)
    assert reply.status_code == 400
    assert why in str(reply.json()["details"] if field else reply.json())
    assert field in str(reply.json()["details"])


async def test_a_leap_year_fits(shared: House) -> None:
    year = {"startDate": "2024-01-01", "endDate": "2024-12-31"}
    assert (await shared.client.get(SUMMARY, params=year)).status_code == 200


async def test_more_rows_than_fit_are_refused_not_cut(
    alone: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fondaco.http.apis.venice.billing.usage_summary._MOST_ROWS", 2)
    alone.journal.entries += [charge(1, NEW_YEAR + day * DAY_S) for day in range(2)]
    assert len(await rows(alone)) == 2
    alone.journal.entries.append(charge(1, NEW_YEAR + 2 * DAY_S))
    reply = await alone.client.get(SUMMARY, params=JANUARY)
    assert reply.status_code == 400
    assert "more than 2 rows" in reply.text
