"""The page of accounts: each form is saved, and read back through the API."""

from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from dashboard.browser import Watch
from dashboard.calls import call
from dashboard.conftest import Browse
from dashboard.page_checks import expect_accessible
from dashboard.served import Dashboard, log_in_by_link

_numbers = count(1)


@pytest.fixture
def account(served: Dashboard) -> str:
    return served.account()


def shown(served: Dashboard, account: str) -> dict[str, Any]:
    """Return an account as the API tells of it."""
    listed = served.program.http.get("/api/v1/operator/accounts").json()["data"]
    (one,) = (row for row in listed if row["name"] == account)
    assert isinstance(one, dict)
    return one


def row(page: Page, account: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_text(account, exact=True))


def test_an_account_is_created_with_its_funds_and_tier(served: Dashboard, page: Page) -> None:
    name = f"Team {next(_numbers)} of accounts"
    log_in_by_link(page, served, "accounts")
    page.get_by_role("button", name="Create account").click()
    expect_accessible(page)
    page.get_by_label("Name").fill(name)
    page.get_by_label("First balance in USD").fill("2.5")
    page.get_by_label("DIEM for each day").fill("3")
    page.get_by_label("Tier").select_option("explorer")
    page.get_by_role("button", name="Create", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"{name} is created")
    expect_accessible(page)
    dialog.get_by_role("button", name="Done").click()
    expect(row(page, name)).to_contain_text("$2.50")
    told = shown(served, name)
    assert (told["usd"], told["diemAllocation"], told["tier"]) == (2.5, 3, "explorer")
    assert not told["disabled"]


def test_a_new_account_gets_a_login_link_and_a_first_key(
    served: Dashboard, page: Page, browse: Browse
) -> None:
    name = f"Team {next(_numbers)} of accounts"
    log_in_by_link(page, served, "accounts")
    page.get_by_role("button", name="Create account").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"{name} is created")
    dialog.get_by_role("button", name="Make a login link").click()
    link = dialog.locator("pre", has_text="?login=").inner_text()
    dialog.get_by_role("button", name="Create its first key").click()
    key = dialog.locator("pre", has_text="fondaco_i_").inner_text()
    expect_accessible(page)
    dialog.get_by_role("button", name="Done").click()
    assert call(served, key) == 200
    assert shown(served, name)["keys"] == 1
    owner = browse()
    owner.goto(f"{link}#/keys")
    expect(owner.get_by_role("button", name=name)).to_be_visible()
    expect(owner.get_by_role("row", name="First key")).to_be_visible()


def test_another_link_is_made_for_an_account_that_is_there(
    served: Dashboard, page: Page, account: str
) -> None:
    log_in_by_link(page, served, "accounts")
    page.get_by_role("button", name=f"Give access to {account}").click()
    dialog = page.get_by_role("dialog", name=f"Give access to {account}")
    dialog.get_by_role("button", name="Make a login link").click()
    expect(dialog.locator("pre")).to_contain_text(f"{served.url}?login=")


def test_a_name_that_is_taken_is_refused_in_the_form(
    served: Dashboard, page: Page, watch: Watch, account: str
) -> None:
    watch.expect(409, "/api/v1/operator/accounts")
    log_in_by_link(page, served, "accounts")
    page.get_by_role("button", name="Create account").click()
    page.get_by_label("Name").fill(account)
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text(account)
    expect(page.get_by_label("Name")).to_have_value(account)
    expect_accessible(page)


def test_a_double_click_grants_once(served: Dashboard, page: Page, account: str) -> None:
    log_in_by_link(page, served, "accounts")
    page.get_by_role("button", name=f"Grant funds to {account}").click()
    expect_accessible(page)
    page.get_by_label("Amount in USD").fill("0.75")
    page.get_by_label("Note").fill("a gift")
    page.get_by_role("button", name="Grant", exact=True).dblclick()
    expect(page.get_by_text(f"{account} received $0.75.")).to_be_visible()
    expect(row(page, account)).to_contain_text("$1.75")
    assert shown(served, account)["usd"] == 1.75
    rows = served.command("balance", "show", "--account", account, "--json").json
    assert isinstance(rows, dict)
    assert Decimal(str(rows["usd"])) == Decimal("1.75")


def test_a_grant_whose_response_was_lost_counts_once(
    served: Dashboard, page: Page, account: str
) -> None:
    """The first try arrives; its response does not. The person tries again in the same dialog."""
    grants = f"/api/v1/operator/accounts/{account}/grants"
    lost: list[object] = []

    def lose(route: Any) -> None:
        if not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    log_in_by_link(page, served, "accounts")
    page.route(f"**{grants}", lose)
    page.get_by_role("button", name=f"Grant funds to {account}").click()
    page.get_by_label("Amount in USD").fill("0.5")
    grant = page.get_by_role("button", name="Grant", exact=True)
    grant.click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    grant.click()
    expect(page.get_by_text(f"{account} received $0.50.")).to_be_visible()
    assert shown(served, account)["usd"] == 1.5


def test_tier_and_allocation_are_changed(served: Dashboard, page: Page, account: str) -> None:
    log_in_by_link(page, served, "accounts")
    page.get_by_role("button", name=f"Change {account}").click()
    expect_accessible(page)
    page.get_by_label("Tier").select_option("explorer")
    page.get_by_label("DIEM for each day").fill("4.5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{account} is changed.")).to_be_visible()
    told = shown(served, account)
    assert (told["tier"], told["diemAllocation"]) == ("explorer", 4.5)
    expect(row(page, account)).to_contain_text("explorer")


def test_an_account_is_disabled_after_a_confirmation_and_enabled_again(
    served: Dashboard, page: Page, account: str
) -> None:
    headers = {"Authorization": f"Bearer {served.key(account)}"}

    def status() -> int:
        return served.program.http.get("/api/v1/api_keys", headers=headers).status_code

    assert status() == 200
    log_in_by_link(page, served, "accounts")
    page.get_by_role("button", name=f"Disable {account}").click()
    expect_accessible(page)
    page.get_by_role("button", name="Cancel").click()
    assert not shown(served, account)["disabled"]
    page.get_by_role("button", name=f"Disable {account}").click()
    page.get_by_role("button", name="Disable", exact=True).click()
    expect(page.get_by_text(f"{account} is disabled.")).to_be_visible()
    expect(row(page, account)).to_contain_text("Disabled")
    assert shown(served, account)["disabled"]
    assert status() == 401
    page.get_by_role("button", name=f"Enable {account}").click()
    page.get_by_role("button", name="Enable", exact=True).click()
    expect(page.get_by_text(f"{account} is enabled.")).to_be_visible()
    assert status() == 200


def test_accounts_are_found_by_name(served: Dashboard, page: Page, account: str) -> None:
    log_in_by_link(page, served, "accounts")
    page.get_by_label("Search").fill(account.upper())
    expect(row(page, account)).to_be_visible()
    expect(row(page, "default")).to_have_count(0)
    page.get_by_label("Search").fill("nobody of this name")
    expect(page.get_by_text("No account matches.")).to_be_visible()


def test_the_dialogs_work_by_the_keyboard_alone(
    served: Dashboard, page: Page, account: str
) -> None:
    log_in_by_link(page, served, "accounts")
    grant = page.get_by_role("button", name=f"Grant funds to {account}")
    grant.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount in USD")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(grant).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("0.25")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{account} received $0.25.")).to_be_visible()
    expect(grant).to_be_focused()
    assert shown(served, account)["usd"] == 1.25
