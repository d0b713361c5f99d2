"""Limits: live use against the tier, and the log of what exceeded it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from dashboard.browser import THEMES, Theme
from dashboard.calls import call
from dashboard.conftest import Browse
from dashboard.page_checks import expect_accessible, expect_no_sideways_scroll
from dashboard.served import Dashboard, dashboard, log_in_by_link
from program import MODEL

_FEW = "[tiers.paid.limits.small]\nrequests_per_minute = 2\nrequests_per_day = 500\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    with dashboard(tmp_path_factory.mktemp("limits") / "home", _FEW) as one:
        yield one


def test_use_is_told_against_the_limit_and_what_exceeded_it(served: Dashboard, page: Page) -> None:
    account = served.account()
    admin = served.key(account)
    log_in_by_link(page, served, "limits", account=account)
    expect(page.get_by_text("No request exceeded a limit")).to_be_visible()
    meter = page.get_by_role("meter", name=f"Requests a minute, {MODEL}", exact=True)
    expect(meter).to_have_attribute("aria-valuetext", "0 of 2")
    assert [call(served, admin) for _ in range(3)] == [200, 200, 429]
    expect(meter).to_have_attribute("aria-valuetext", "2 of 2")
    page.reload()
    log = page.get_by_role("table", name="Requests that exceeded a limit")
    expect(log.get_by_role("row", name="Requests a minute")).to_contain_text(MODEL)


def test_a_response_that_takes_longer_than_the_interval_is_waited_for(
    served: Dashboard, page: Page
) -> None:
    requests: list[Route] = []

    def hold(route: Route) -> None:
        requests.append(route)

    page.clock.install()
    page.route("**/rate_limits/usage", hold)
    with page.expect_request("**/rate_limits/usage"):
        page.goto(f"{served.link(served.account())}#/limits")
    page.clock.run_for(12_000)
    expect(page.get_by_role("heading", name="Limits", level=1)).to_be_visible()
    [held] = requests
    held.continue_()
    expect(page.get_by_role("meter").first).to_be_visible()


def test_an_inference_key_sees_use_and_no_log(served: Dashboard, browse: Browse) -> None:
    key = served.key(served.account(), "INFERENCE")
    page = browse()
    page.goto(f"{served.url}healthz")
    page.evaluate(
        """(apiKey) => fetch("/dashboard/session", { method: "POST", body: JSON.stringify({ apiKey }),
             headers: { "content-type": "application/json", "x-fondaco-dashboard": "1" } })
             .then((reply) => localStorage.setItem("fondaco-session", reply.headers.get("x-fondaco-dashboard")))""",
        key,
    )
    page.goto(f"{served.url}#/limits")
    expect(page.get_by_role("meter", name="Requests a minute").first).to_be_visible()
    expect(page.get_by_role("heading", name="Exceeded limits")).to_have_count(0)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [360, 1280])
def test_limits_are_accessible(served: Dashboard, browse: Browse, theme: Theme, width: int) -> None:
    page = browse(width=width, theme=theme)
    log_in_by_link(page, served, "limits", account=served.account())
    expect(page.get_by_role("meter").first).to_be_visible()
    expect_accessible(page)
    expect_no_sideways_scroll(page)
