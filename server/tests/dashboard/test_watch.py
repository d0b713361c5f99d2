"""The watch over pages: it notices each kind of fault."""

import time

import pytest
from playwright.sync_api import Page

from dashboard.browser import DEADLINE_MS, Watch
from dashboard.page_checks import expect_accessible, expect_no_sideways_scroll
from dashboard.served import Dashboard

INLINE = "document.head.append(Object.assign(document.createElement('script'), { text: '1' }))"


@pytest.mark.parametrize(
    ("misdeed", "fault"),
    [
        ("console.error('broken')", "console error: broken"),
        ("setTimeout(() => { throw new Error('late') })", "uncaught: late"),
        ("fetch('http://localhost:9/').catch(() => 0)", "request of another origin: http://local"),
        ("fetch('/nowhere')", "404: GET /nowhere"),
        (INLINE, "console error: CSP violation of script-src-elem: inline"),
    ],
)
def test_a_fault_of_a_page_is_noticed(
    served: Dashboard, page: Page, watch: Watch, misdeed: str, fault: str
) -> None:
    watch.expect(401, "/dashboard/session")
    page.goto(served.url if misdeed == INLINE else f"{served.url}healthz")  # without a policy
    assert watch.faults == []
    page.evaluate(f"() => {{ {misdeed} }}")
    deadline = time.monotonic() + DEADLINE_MS / 1000
    while not any(each.startswith(fault) for each in watch.faults):
        assert time.monotonic() < deadline, watch.faults
        page.wait_for_timeout(20)
    watch.faults.clear()


def test_a_refusal_that_a_test_expects_is_no_fault(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    page.goto(f"{served.url}healthz")
    watch.expect(404, "/nowhere")
    assert page.evaluate("() => fetch('/nowhere').then((response) => response.status)") == 404


def test_a_picture_without_a_name_is_noticed(served: Dashboard, page: Page) -> None:
    page.goto(f"{served.url}healthz")
    page.evaluate("() => { document.body.append(document.createElement('img')) }")
    with pytest.raises(AssertionError, match="image-alt"):
        expect_accessible(page)


def test_a_page_wider_than_its_screen_is_noticed(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    watch.expect(401, "/dashboard/session")
    page.goto(served.url)
    expect_no_sideways_scroll(page)
    page.evaluate("() => { document.body.style.minWidth = '2000px' }")
    with pytest.raises(AssertionError, match="> 1280"):
        expect_no_sideways_scroll(page)
