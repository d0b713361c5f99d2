"""What holds for every page: its title, no fault, accessible to all, at home on every screen, in both themes."""

import pytest
from playwright.sync_api import Page, expect

from dashboard.browser import THEMES, WIDTHS, Theme, Watch
from dashboard.conftest import Browse
from dashboard.page_checks import expect_accessible, expect_no_sideways_scroll
from dashboard.routes import Route, hidden_from, shown_to
from dashboard.served import Dashboard, log_in_by_key, log_in_by_link, open_route


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("route", shown_to("ADMIN"), ids=str)
def test_a_page_is_accessible(
    served: Dashboard, browse: Browse, route: Route, theme: Theme
) -> None:
    page = browse(theme=theme)
    log_in_by_link(page, served, route.path, account=served.account())
    expect(page.locator("main h1")).to_have_text(route.title)
    expect(page).to_have_title(f"{route.title} · Fondaco")
    expect_accessible(page)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("route", hidden_from("ADMIN"), ids=str)
def test_a_page_of_operators_is_accessible_and_fits_a_phone(
    served: Dashboard, browse: Browse, route: Route, theme: Theme
) -> None:
    page = browse(theme=theme, width=360)
    log_in_by_link(page, served, route.path)
    expect(page.locator("main h1")).to_have_text(route.title)
    expect_accessible(page)
    expect_no_sideways_scroll(page)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_its_screen(served: Dashboard, browse: Browse, width: int) -> None:
    page = browse(width=width)
    log_in_by_link(page, served, account=served.account())
    for route in shown_to("ADMIN"):
        open_route(page, route.path)
        expect(page.locator("main h1")).to_have_text(route.title)
        expect_no_sideways_scroll(page)


def test_an_inference_key_sees_its_own_pages_and_no_others(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    watch.expect(401, "/dashboard/session")
    log_in_by_key(page, served, served.key(kind="INFERENCE"))
    _expect_pages(page, shown_to("INFERENCE"))
    for route in shown_to("INFERENCE"):
        open_route(page, route.path)
        expect(page.locator("main h1")).to_have_text(route.title)
        expect_accessible(page)
    _expect_refusals(page, hidden_from("INFERENCE"), "an admin key")


def test_an_admin_of_another_account_sees_nothing_of_the_server(
    served: Dashboard, page: Page
) -> None:
    log_in_by_link(page, served, account=served.account())
    _expect_pages(page, shown_to("ADMIN"))
    _expect_refusals(page, hidden_from("ADMIN"), "an operator's key")


def _expect_pages(page: Page, routes: list[Route]) -> None:
    """Assert that the navigation leads to these pages and no others."""
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    expect(links).to_have_text([route.title for route in routes if "/" not in route.path])


def _expect_refusals(page: Page, routes: list[Route], needed: str) -> None:
    for route in routes:
        open_route(page, route.path)
        expect(page.get_by_text(f"This page needs {needed}")).to_be_visible()
