"""Login and log-out in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from dashboard.browser import THEMES, Theme, Watch
from dashboard.conftest import Browse
from dashboard.page_checks import expect_accessible, expect_no_sideways_scroll
from dashboard.served import Dashboard, log_in_by_link

LIMITS = "/api/v1/api_keys/rate_limits"


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def test_a_link_logs_in_and_leaves_the_address(served: Dashboard, page: Page) -> None:
    page.goto(served.link(served.account()))
    heading(page, "Overview")
    assert "login" not in page.url
    page.reload()
    heading(page, "Overview")
    assert page.title() == "Overview · Fondaco"


def test_a_link_logs_in_once(served: Dashboard, browse: Browse, watch: Watch) -> None:
    link = served.link(served.account())
    browse().goto(link)
    watch.expect(401, "/dashboard/session")
    other = browse()
    other.goto(link)
    heading(other, "Fondaco")
    expect(other.get_by_text("This link was used before")).to_be_visible()


def test_a_used_link_opens_the_session_that_it_began(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    link = served.link(served.account())
    page.goto(link)
    heading(page, "Overview")
    watch.expect(401, "/dashboard/session")
    page.goto(link)
    heading(page, "Overview")


def test_a_key_logs_in_with_its_rights_and_opens_the_page_that_was_asked_for(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    watch.expect(401, "/dashboard/session")
    page.goto(f"{served.url}#/limits")
    page.get_by_label("API key").fill(served.key(served.account(), "INFERENCE"))
    page.keyboard.press("Enter")
    heading(page, "Limits")
    links = page.get_by_role("navigation").get_by_role("link").all_inner_texts()
    assert links == ["Overview", "Playground", "Models", "Characters", "Video jobs", "Limits"]
    for path in ("keys", "usage", "accounts", "engines", "configuration"):
        page.goto(f"{served.url}#/{path}")
        expect(page.get_by_text("This page needs an admin key")).to_be_visible()


def test_an_admin_of_another_account_manages_that_account_alone(
    served: Dashboard, page: Page
) -> None:
    log_in_by_link(page, served, account=served.account())
    names = page.get_by_role("navigation").get_by_role("link").all_inner_texts()
    assert {"Keys", "Usage"} <= set(names)
    assert not {"Accounts", "Engines", "Configuration"} & set(names)
    page.goto(f"{served.url}#/accounts")
    expect(page.get_by_text("This page needs an operator's key")).to_be_visible()


def test_a_wrong_key_is_refused_with_what_to_do(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    watch.expect(401, "/dashboard/session")
    page.goto(served.url)
    field = page.get_by_label("API key")
    field.fill("nobody-has-this-key")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not revoked or expired")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("nobody-has-this-key")


def test_a_session_ends_by_logging_out(served: Dashboard, page: Page, watch: Watch) -> None:
    account = served.account()
    log_in_by_link(page, served, account=account)
    page.get_by_role("button", name=account).click()
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    watch.expect(401, "/dashboard/session")
    page.reload()
    heading(page, "Fondaco")


def test_logging_out_everywhere_ends_the_sessions_of_all_browsers(
    served: Dashboard, browse: Browse, watch: Watch
) -> None:
    account = served.account()
    here, elsewhere = browse(), browse()
    for page in (here, elsewhere):
        log_in_by_link(page, served, account=account)
    menu = here.get_by_role("button", name=account)
    menu.click()
    here.get_by_role("button", name="Log out everywhere").click()
    dialog = here.get_by_role("dialog", name="Log out everywhere?")
    expect_accessible(here)
    here.keyboard.press("Escape")
    expect(menu).to_be_focused()
    menu.click()
    here.get_by_role("button", name="Log out everywhere").click()
    dialog.get_by_role("button", name="Log out everywhere").click()
    expect(here.get_by_text("You are logged out everywhere.")).to_be_visible()
    watch.expect(401, "/dashboard/session")
    elsewhere.reload()
    heading(elsewhere, "Fondaco")


def test_the_token_of_a_link_is_in_no_request_and_no_entry_of_the_history(
    served: Dashboard, page: Page
) -> None:
    seen: list[str] = []
    page.on("request", lambda request: seen.extend([request.url, *request.headers.values()]))
    link = served.link(served.account())
    token = link.partition("?login=")[2]
    page.goto(link)
    heading(page, "Overview")
    assert [one for one in seen if token in one] == [link]  # the page alone
    page.get_by_role("navigation").get_by_role("link", name="Keys").click()
    heading(page, "Keys")
    page.go_back()
    heading(page, "Overview")
    assert token not in page.url
    page.go_back()
    assert page.url == "about:blank"  # the link has no entry of its own


def test_a_session_that_ended_leads_to_the_login_and_back_to_the_page(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    account = served.account()
    log_in_by_link(page, served, "keys", account=account)
    heading(page, "Keys")
    page.context.clear_cookies()
    for path in ("/dashboard/session", f"{LIMITS}/usage", f"{LIMITS}/log"):
        watch.expect(401, path)
    page.get_by_role("navigation").get_by_role("link", name="Limits").click()
    expect(page.get_by_text("The session has ended.")).to_be_visible()
    page.get_by_label("API key").fill(served.key(account))
    page.get_by_role("button", name="Log in").click()
    heading(page, "Limits")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [360, 1280])
def test_the_login_is_accessible(
    served: Dashboard, browse: Browse, watch: Watch, theme: Theme, width: int
) -> None:
    watch.expect(401, "/dashboard/session")
    page = browse(width=width, theme=theme)
    page.goto(served.url)
    heading(page, "Fondaco")
    expect_accessible(page)
    expect_no_sideways_scroll(page)
    page.get_by_label("API key").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect_accessible(page)
