"""Usage: sums by model, key, day and SKU, filters, and the file."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.browser import THEMES, Theme
from dashboard.calls import call_and_wait
from dashboard.conftest import Browse
from dashboard.page_checks import expect_accessible, expect_no_sideways_scroll
from dashboard.served import Dashboard, log_in_by_link
from program import MODEL


@pytest.fixture(scope="module")
def account(served: Dashboard) -> str:
    """An account with two calls of one key, and one of another."""
    name = served.account()
    admin = served.key(name)
    call_and_wait(served, admin, admin, calls=2)
    call_and_wait(served, served.key(name, "INFERENCE"), admin, calls=1)
    return name


def figure(page: Page, name: str) -> str:
    """Return the number that a figure shows."""
    return page.get_by_role("term").filter(has_text=name).locator("+ dd").inner_text()


def test_sums_are_told_by_each_dimension(served: Dashboard, page: Page, account: str) -> None:
    log_in_by_link(page, served, "usage", account=account)
    sums = page.get_by_role("table", name="Usage by Model")
    expect(sums.get_by_role("row", name=MODEL)).to_contain_text("3")
    assert figure(page, "Calls") == "3 calls"

    page.get_by_role("button", name="By key").click()
    rows = page.get_by_role("table", name="Usage by Key").locator("tbody tr")
    expect(rows).to_have_count(2)
    assert sorted(row.locator("td").first.inner_text() for row in rows.all()) == ["1", "2"]

    page.get_by_role("button", name="By SKU").click()
    skus = page.get_by_role("table", name="Usage by SKU")
    expect(skus.get_by_role("row", name=f"{MODEL}-llm-input-mtoken")).to_contain_text("3")
    total = skus.get_by_role("row", name="Total")
    expect(total.get_by_role("cell").first).to_have_text("3")

    page.get_by_role("button", name="By day").click()
    expect(page.get_by_role("table", name="Usage by Day").locator("tbody tr")).to_have_count(1)


def test_filters_narrow_everything_and_stay_in_the_address(
    served: Dashboard, page: Page, account: str
) -> None:
    log_in_by_link(page, served, "usage?by=key", account=account)
    rows = page.get_by_role("table", name="Usage by Key").locator("tbody tr")
    expect(rows).to_have_count(2)
    values = page.get_by_role("combobox", name="Key").locator("option").all()
    page.get_by_role("combobox", name="Key").select_option(index=len(values) - 1)
    expect(rows).to_have_count(1)
    calls = rows.locator("td").first.inner_text()
    expect(page.get_by_role("term").filter(has_text="Calls").locator("+ dd")).to_have_text(
        {"1": "1 call", "2": "2 calls"}[calls]
    )
    page.reload()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Clear filters").click()
    expect(rows).to_have_count(2)


def test_a_time_without_calls_says_what_to_do(served: Dashboard, page: Page, account: str) -> None:
    log_in_by_link(page, served, "usage?from=2025-01-01&to=2025-01-31", account=account)
    expect(page.get_by_text("No calls in this time")).to_be_visible()
    page.get_by_role("button", name="7 days").click()
    expect(page.get_by_role("row", name=MODEL)).to_be_visible()


def test_the_chart_has_a_table_twin(served: Dashboard, page: Page, account: str) -> None:
    log_in_by_link(page, served, "usage?by=model", account=account)
    page.get_by_text("Show as a table").click()
    table = page.get_by_role("table", name="Calls and charges by day")
    expect(table.locator("tbody tr")).to_have_count(30)
    expect(table.locator("tbody tr").first.locator("td").first).to_have_text("3")
    expect(page.locator("canvas")).to_have_count(2)


def test_the_file_has_every_sum(
    served: Dashboard, page: Page, account: str, tmp_path: Path
) -> None:
    log_in_by_link(page, served, "usage", account=account)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download CSV").click()
    assert saved.value.suggested_filename.startswith("fondaco-usage-")
    path = tmp_path / "usage.csv"
    saved.value.save_as(path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["model"] for row in rows} == {MODEL}
    assert len({row["keyId"] for row in rows}) == 2
    assert {row["sku"] for row in rows} >= {f"{MODEL}-llm-input-mtoken"}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_usage_is_accessible(
    served: Dashboard, browse: Browse, account: str, theme: Theme, width: int
) -> None:
    page = browse(width=width, theme=theme)
    log_in_by_link(page, served, "usage", account=account)
    expect(page.get_by_role("row", name=MODEL)).to_be_visible()
    page.get_by_text("Show as a table").click()
    expect_accessible(page)
    expect_no_sideways_scroll(page)
