"""`fondaco usage` on a home where something was charged."""

import asyncio
import csv
from io import StringIO
from pathlib import Path

import pytest

from cli_program import Fondaco
from fondaco.domain.money.ledger import Entry, EntryKind
from fondaco.domain.money.money import Currency, nano
from fondaco.domain.money.price import ImagePrice, TokenPrice
from fondaco.domain.money.usage import Usage
from fondaco.stores.sqlite.ledger.journal import SqliteJournal

NEW_YEAR = 1_735_689_600.0
DAY_S = 86_400


@pytest.fixture
def charged(fondaco: Fondaco, home: Path) -> Fondaco:
    """A home whose account was charged for a call on two days, and in DIEM for an image."""
    key = fondaco("keys", "create", "--description", "CI", "--json").json
    assert isinstance(key, dict)
    text = TokenPrice(nano("0.2"), nano("0.9")).charge("toy", Usage(1200, 0, 300))
    image = ImagePrice(nano("0.01"), 0, 0, 0).charge("painter", Usage(images=1))

    def entries(day: int) -> list[Entry]:
        return [
            Entry(
                account_id=4,
                kind=EntryKind.CHARGE,
                currency=currency,
                amount=-row.amount,
                at=NEW_YEAR + day * DAY_S,
                call_id=f"{day:031x}{number}",
                key_id=str(key["id"]),
                sku=row.sku,
                units=row.units,
                unit_price=row.unit_price,
                usage=usage,
            )
            for number, (charge, currency, usage) in enumerate(
                [(text, Currency.USD, Usage(1200, 0, 300)), (image, Currency.DIEM, None)]
            )
            for row in charge.rows
        ]

    async def enter() -> None:
        async with SqliteJournal.opened(home / "fondaco.sqlite3") as journal:
            grant = Entry(4, EntryKind.ADJUSTMENT, Currency.DIEM, nano(1), NEW_YEAR)
            await journal.write((grant, *entries(0), *entries(1)))

    asyncio.run(enter())
    return fondaco


def rows(charged: Fondaco, *options: str) -> list[dict[str, object]]:
    printed = charged("usage", *options, "--json").json
    found = printed["data"] if isinstance(printed, dict) else printed
    assert isinstance(found, list)
    return found


def test_the_newest_charges_come_first_and_all_are_added_up(charged: Fondaco) -> None:
    out = charged("usage", "--wide").out.splitlines()
    assert out[0].split()[:5] == ["timestamp", "sku", "units", "usdPerUnit", "amount"]
    assert out[1].split()[:5] == [
        "2025-01-02T00:00:00Z",
        "painter-image-unit",
        "1",
        "0.01",
        "-0.01",
    ]
    assert out[-1] == "Page 1 of 1; 6 charges, -0.00102 USD and -0.02 DIEM in total"


def test_pages_can_be_turned(charged: Fondaco) -> None:
    assert rows(charged) == rows(charged, "--limit", "4") + rows(
        charged, "--limit", "4", "--page", "2"
    )
    assert rows(charged, "--page", "2") == []
    assert charged("usage", "--page", "2").out.startswith("Page 2 is empty.")


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--currency", "diem"], 2),
        (["--from", "2025-01-02"], 3),
        (["--from", "2025-01-02", "--to", "2025-01-02"], 3),
        (["--from", "2025-01-01", "--to", "2025-01-01"], 3),
        (["--from", "2025-01-01", "--to", "2025-01-02"], 6),
        (["--from", "2025-01-03", "--to", "2025-01-03"], 0),
        (["--to", "2024-12-31"], 0),
        (["--from", "0001-01-01", "--to", "9999-12-31"], 6),
        (["--from", "0001-01-01T00:00:00+14:00", "--to", "9999-12-31T23:59:59-12:00"], 6),
        (["--to", "2025-01-01T00:00:00Z"], 3),
        (["--from", "2025-01-01T01:00:00", "--to", "2025-01-01T23:00:00"], 0),
        (["--from", "2025-01-02T02:00:00+0200"], 3),
    ],
)
def test_charges_can_be_chosen(charged: Fondaco, options: list[str], count: int) -> None:
    assert len(rows(charged, *options)) == count


@pytest.mark.parametrize(
    ("by", "sums"),
    [
        ("model", {("toy", "-0.00102", 4), ("painter", "-0.02", 2)}),
        (
            "day",
            {
                ("2025-01-01", "-0.00051", 2),
                ("2025-01-01", "-0.01", 1),
                ("2025-01-02", "-0.00051", 2),
                ("2025-01-02", "-0.01", 1),
            },
        ),
        (
            "sku",
            {
                ("toy-llm-input-mtoken", "-0.00048", 2),
                ("toy-llm-output-mtoken", "-0.00054", 2),
                ("painter-image-unit", "-0.02", 2),
            },
        ),
    ],
)
def test_charges_are_added_up(charged: Fondaco, by: str, sums: set[tuple[str, str, int]]) -> None:
    found = rows(charged, "--by", by)
    assert {(row[by], row["amount"], row["charges"]) for row in found} == sums


def test_charges_are_added_up_by_key(charged: Fondaco) -> None:
    [usd, diem] = rows(charged, "--by", "key")
    assert usd["key"] == diem["key"] != ""
    assert usd["description"] == diem["description"] == "CI"
    assert (usd["amount"], diem["amount"]) == ("-0.00102", "-0.02")


def test_csv_is_that_of_the_api(charged: Fondaco) -> None:
    head, *lines = csv_rows(charged, "--limit", "2")
    assert head[:2] == ["timestamp", "sku"]
    assert [line[1] for line in lines] == ["painter-image-unit", "toy-llm-output-mtoken"]


def test_csv_has_every_charge(charged: Fondaco) -> None:
    pages = [csv_rows(charged, "--limit", "1", "--page", str(page))[1] for page in range(1, 7)]
    assert csv_rows(charged)[1:] == pages
    assert len(csv_rows(charged, "--to", "2025-01-01")) == 1 + 3


@pytest.mark.parametrize(
    "options",
    [
        ("--csv", "--json"),
        ("--csv", "--by", "day"),
        ("--by", "day", "--page", "2"),
        ("--by", "day", "--limit", "2"),
        ("--from", "2025-01-02", "--to", "2025-01-01"),
        ("--from", "1735689600"),
        ("--to", "2025-02-30"),
        ("--to", "tomorrow"),
        ("--to", ""),
    ],
)
def test_options_that_mean_nothing_are_refused(charged: Fondaco, options: tuple[str, ...]) -> None:
    ended = charged("usage", *options)
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err


def csv_rows(charged: Fondaco, *options: str) -> list[list[str]]:
    return list(csv.reader(StringIO(charged("usage", "--csv", *options).out, newline="")))


def test_an_account_without_charges_says_so(charged: Fondaco) -> None:
    charged("accounts", "create", "ann")
    assert charged("usage", "--account", "ann").out == "No charges.\n"
    assert charged("usage", "--account", "bob").code == 5
