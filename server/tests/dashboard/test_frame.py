"""The frame around every page: navigation, focus, keyboard, what is loaded."""

import pytest
from playwright.sync_api import Page, expect

from dashboard.browser import Watch
from dashboard.calls import call_and_wait
from dashboard.conftest import Browse
from dashboard.served import Dashboard, expect_loaded, log_in_by_link

MOST_BYTES = 250_000
_FOCUSED = "() => document.activeElement.textContent"


def test_a_navigation_moves_the_focus_to_the_heading_and_names_the_page(
    served: Dashboard, page: Page
) -> None:
    log_in_by_link(page, served, account=served.account())
    page.get_by_role("navigation").get_by_role("link", name="Keys").click()
    expect(page.get_by_role("heading", level=1, name="Keys")).to_be_focused()
    assert page.title() == "Keys · Fondaco"
    expect(page.get_by_role("navigation").get_by_role("link", name="Keys")).to_have_attribute(
        "aria-current", "page"
    )
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_focused()


def test_the_keyboard_alone_reaches_content_menu_and_log_out(served: Dashboard, page: Page) -> None:
    account = served.account()
    log_in_by_link(page, served, account=account)
    page.keyboard.press("Tab")
    assert page.evaluate(_FOCUSED) == "Skip to content"
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    menu = page.get_by_role("button", name=account)
    menu.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(page.get_by_role("button", name="Log out", exact=True)).to_be_hidden()


def test_a_narrow_screen_has_the_navigation_in_a_drawer(served: Dashboard, browse: Browse) -> None:
    page = browse(width=360)
    log_in_by_link(page, served, account=served.account())
    expect(page.get_by_role("navigation")).to_have_count(0)
    page.get_by_role("button", name="Menu", exact=True).click()
    page.get_by_role("navigation").get_by_role("link", name="Usage").click()
    expect(page.get_by_role("heading", level=1, name="Usage")).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)
    menu = page.get_by_role("button", name="Menu", exact=True)
    menu.click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(menu).to_be_focused()


def test_an_unknown_page_says_so(served: Dashboard, page: Page) -> None:
    log_in_by_link(page, served, "nowhere", account=served.account())
    expect(page.get_by_role("heading", level=1, name="Page not found")).to_be_visible()
    page.get_by_role("link", name="Go to Overview").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()


def test_a_server_that_is_gone_is_told_and_retried(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    log_in_by_link(page, served, account=served.account())
    page.route("**/api/v1/api_keys", lambda route: route.abort())
    page.goto(f"{served.url}#/keys")
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    page.unroute("**/api/v1/api_keys")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("table")).to_be_visible()


def test_a_fault_of_one_page_is_not_one_of_the_others(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    log_in_by_link(page, served, account=served.account())
    page.route(
        "**/api/v1/api_keys",
        lambda route: route.fulfill(json={"data": [{"id": "a", "description": "no more"}]}),
    )
    page.goto(f"{served.url}#/keys")
    expect(page.get_by_text("This part of the page failed")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Limits").click()
    expect(page.get_by_role("heading", level=1, name="Limits")).to_be_visible()
    expect(page.get_by_text("This part of the page failed")).to_have_count(0)
    faults, watch.faults[:] = watch.faults[:], []
    assert all("TypeError" in fault for fault in faults)


def test_the_first_page_transfers_little(served: Dashboard, page: Page) -> None:
    """Everything that Overview loads: the page, its modules and styles, and the data."""
    account = served.account()
    admin = served.key(account)
    call_and_wait(served, admin, admin, calls=1)
    transferred: list[int] = []
    page.on(
        "requestfinished",
        lambda request: transferred.append(
            request.sizes()["responseBodySize"] + request.sizes()["responseHeadersSize"]
        ),
    )
    log_in_by_link(page, served, account=account)
    expect(page.get_by_role("img").first).to_be_visible()
    expect_loaded(page)
    assert len(transferred) > 20
    assert sum(transferred) < MOST_BYTES


@pytest.mark.parametrize("path", ["", "keys", "usage", "limits"])
def test_nothing_moves_while_a_page_loads(served: Dashboard, page: Page, path: str) -> None:
    """Layout shifts, as Chromium counts them; 0.1 is where a page counts as good."""
    log_in_by_link(page, served, account=served.account())
    page.goto(f"{served.url}#/{path}")
    page.reload()
    expect_loaded(page)
    shift = page.evaluate(
        """() => new Promise((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
          }).observe({ type: "layout-shift", buffered: true });
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
        })"""
    )
    assert shift < 0.1
