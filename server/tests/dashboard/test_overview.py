"""Overview: balances, the last days, and how the server does."""

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from dashboard.browser import THEMES, WIDTHS, Theme, Watch
from dashboard.calls import call_and_wait
from dashboard.conftest import Browse
from dashboard.page_checks import expect_accessible, expect_no_sideways_scroll
from dashboard.served import Dashboard, log_in_by_link
from program import MODEL


def region(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def test_balances_and_the_last_days_are_those_of_the_account(served: Dashboard, page: Page) -> None:
    account = served.account(usd=3)
    admin = served.key(account)
    call_and_wait(served, admin, admin, calls=2)
    log_in_by_link(page, served, account=account)
    expect(page.get_by_role("definition").filter(has_text="spent after DIEM")).to_contain_text(
        "$3.00"
    )
    expect(page.get_by_role("definition").filter(has_text="calls are charged")).to_contain_text(
        "paid"
    )
    page.get_by_text("Show as a table").click()
    table = page.get_by_role("table", name="Calls and charges by day")
    expect(table.locator("tbody tr")).to_have_count(14)
    expect(table.locator("tbody tr").first.locator("td").first).to_have_text("2")
    page.get_by_role("button", name="30 days").click()
    expect(table.locator("tbody tr")).to_have_count(30)
    expect(region(page, "Server")).to_have_count(0)


def test_a_block_that_fails_holds_up_no_other(served: Dashboard, page: Page, watch: Watch) -> None:
    page.route("**/usage/summary*", lambda route: route.fulfill(status=500, json={}))
    watch.expect(500, "/api/v1/billing/usage/summary")
    log_in_by_link(page, served, account=served.account())
    days = region(page, "Calls and charges")
    expect(days.get_by_role("alert")).to_contain_text("status 500")
    expect(page.get_by_role("definition").first).to_contain_text("DIEM")
    page.unroute("**/usage/summary*")
    days.get_by_role("button", name="Retry").click()
    expect(days).to_contain_text("No calls in these days")


def test_an_operator_sees_engines_with_their_health_and_what_was_pulled(
    served: Dashboard, page: Page
) -> None:
    log_in_by_link(page, served)
    engines = region(page, "Engines")
    down = engines.get_by_role("row", name="down")
    expect(down).to_contain_text("Unreachable")
    assert engines.locator("tbody tr").first.inner_text().startswith("down"), "trouble comes first"
    expect(region(page, "Pulled models").get_by_role("row", name=MODEL)).to_contain_text(
        "Installed"
    )
    expect(region(page, "Server")).to_contain_text("Ready")


def test_a_block_that_hangs_holds_up_no_other(served: Dashboard, page: Page, watch: Watch) -> None:
    hanging: list[Route] = []
    page.route("**/operator/engines", lambda route: hanging.append(route))  # noqa: PLW0108 (marked by playwright)
    page.route("**/operator/downloads", lambda route: route.fulfill(status=500, json={}))
    watch.expect(500, "/api/v1/operator/downloads")
    page.goto(served.link())
    expect(region(page, "Server")).to_contain_text("Ready")
    expect(region(page, "Calls and charges").get_by_role("button").first).to_be_visible()
    pulled = region(page, "Pulled models")
    expect(pulled.get_by_role("alert")).to_contain_text("status 500")
    expect(region(page, "Engines").get_by_role("status")).to_contain_text("Loading")
    page.unroute("**/operator/downloads")
    pulled.get_by_role("button", name="Retry").click()
    expect(pulled.get_by_role("table")).to_be_visible()
    for route in hanging:
        route.abort()


def test_an_account_without_calls_is_led_to_the_playground(served: Dashboard, page: Page) -> None:
    log_in_by_link(page, served, account=served.account())
    days = region(page, "Calls and charges")
    expect(days).to_contain_text("No calls in these days")
    expect(days.get_by_role("link", name="Try a model")).to_have_attribute("href", "#/playground")


def test_the_first_call_is_ready_to_copy(served: Dashboard, page: Page) -> None:
    log_in_by_link(page, served, account=served.account())
    expect(page.get_by_label("Shell")).to_contain_text(
        f"OPENAI_BASE_URL={served.program.url}/api/v1"
    )


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_overview_is_accessible(
    served: Dashboard, browse: Browse, theme: Theme, width: int
) -> None:
    page = browse(width=width, theme=theme)
    account = served.account()
    admin = served.key(account)
    call_and_wait(served, admin, admin, calls=1)
    log_in_by_link(page, served, account=account)
    page.get_by_text("Show as a table").click()
    expect_accessible(page)
    expect_no_sideways_scroll(page)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_operators_overview_is_accessible(
    served: Dashboard, browse: Browse, theme: Theme, width: int
) -> None:
    page = browse(width=width, theme=theme)
    log_in_by_link(page, served)
    expect(region(page, "Engines").get_by_role("table")).to_be_visible()
    expect_accessible(page)
    expect_no_sideways_scroll(page)
