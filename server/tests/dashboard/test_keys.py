"""Keys: each form saved, and read back through the API."""

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from dashboard.browser import THEMES, Theme, Watch
from dashboard.conftest import Browse
from dashboard.page_checks import expect_accessible, expect_no_sideways_scroll
from dashboard.served import Dashboard, log_in_by_link


def keys(served: Dashboard, admin: str) -> dict[str, Mapping[str, Any]]:
    """Return the keys of an account by their description, as the API lists them to one of them."""
    headers = {"Authorization": f"Bearer {admin}"}
    reply = httpx2.get(f"{served.program.url}/api/v1/api_keys", headers=headers)
    assert reply.status_code == 200
    return {key["description"]: key for key in reply.json()["data"]}


def create(page: Page, description: str) -> None:
    """Open the form of a new key, and describe it."""
    page.get_by_role("button", name="Create a key").click()
    page.get_by_label("Description").fill(description)


def test_a_key_is_created_shown_once_and_works(served: Dashboard, page: Page) -> None:
    account = served.account()
    admin = served.key(account)
    log_in_by_link(page, served, "keys", account=account)
    create(page, "Build server")
    page.get_by_label("Expires").select_option("On a date")
    page.get_by_label("Expiry date").fill("2035-06-01")
    page.get_by_label("DIEM").fill("0.25")
    page.get_by_label("US dollars").fill("12.000000001")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Copy the key now")
    secret = page.locator("[data-secret]").inner_text()

    listed = keys(served, admin)["Build server"]
    assert listed["apiKeyType"] == "INFERENCE"
    assert listed["expiresAt"] == "2035-06-01T00:00:00.000Z"
    assert listed["consumptionLimits"] == {"usd": 12.000000001, "diem": 0.25, "vcu": None}
    assert secret.endswith(listed["last6Chars"])
    headers = {"Authorization": f"Bearer {secret}"}
    characters = httpx2.get(f"{served.program.url}/api/v1/characters", headers=headers)
    assert characters.status_code == 200

    page.get_by_role("button", name="I have copied it").click()
    row = page.get_by_role("row", name="Build server")
    expect(row).to_contain_text("0.25 DIEM")
    expect(row).to_contain_text("$12.00")
    assert secret not in page.content()


def test_a_key_is_copied_to_the_clipboard(served: Dashboard, page: Page) -> None:
    log_in_by_link(page, served, "keys", account=served.account())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    create(page, "Copied")
    page.keyboard.press("Enter")
    secret = page.locator("[data-secret]").inner_text()
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.get_by_text("Copied.", exact=True)).to_have_count(1)
    assert page.evaluate("() => navigator.clipboard.readText()") == secret


def test_an_admin_key_with_an_end_in_days_is_created(served: Dashboard, page: Page) -> None:
    account = served.account()
    log_in_by_link(page, served, "keys", account=account)
    create(page, "Deputy")
    page.get_by_label("Type").select_option("ADMIN")
    page.get_by_label("Expires").select_option("In 90 days")
    page.get_by_role("button", name="Create", exact=True).click()
    secret = page.locator("[data-secret]").inner_text()
    listed = keys(served, secret)["Deputy"]
    assert listed["apiKeyType"] == "ADMIN"
    assert listed["expiresAt"].endswith("T00:00:00.000Z")
    assert listed["consumptionLimits"] == {"usd": None, "diem": None, "vcu": None}


def test_a_key_is_changed(served: Dashboard, page: Page) -> None:
    account = served.account()
    admin = served.key(account)
    log_in_by_link(page, served, "keys", account=account)
    create(page, "Before")
    page.get_by_label("US dollars").fill("5")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("button", name="I have copied it").click()

    page.get_by_role("button", name="Change “Before”").click()
    expect(page.get_by_label("US dollars")).to_have_value("5")
    page.get_by_label("Description").fill("After")
    page.get_by_label("US dollars").fill("")
    page.get_by_label("DIEM").fill("1.5")
    page.get_by_label("Expires").select_option("On a date")
    page.get_by_label("Expiry date").fill("2031-01-02")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“After” is saved.")).to_be_visible()
    changed = keys(served, admin)["After"]
    assert changed["consumptionLimits"] == {"usd": None, "diem": 1.5, "vcu": None}
    assert changed["expiresAt"] == "2031-01-02T00:00:00.000Z"

    page.get_by_role("button", name="Change “After”").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert keys(served, admin)["After"] == changed, "what is not changed stays as it was"

    page.get_by_role("button", name="Change “After”").click()
    page.get_by_label("Expires").select_option("Never")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert keys(served, admin)["After"]["expiresAt"] is None


def test_a_fault_stands_at_its_field(served: Dashboard, page: Page, watch: Watch) -> None:
    log_in_by_link(page, served, "keys", account=served.account())
    create(page, "Too exact")
    field = page.get_by_label("US dollars")
    field.fill("0.0000000001")
    watch.expect(400, "/api/v1/api_keys")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_contain_text("9 decimals")
    expect_accessible(page)
    field.fill("0.5")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator("[data-secret]")).to_be_visible()


def test_a_key_is_revoked_after_a_confirmation(served: Dashboard, page: Page) -> None:
    account = served.account()
    admin = served.key(account)
    log_in_by_link(page, served, "keys", account=account)
    create(page, "Short-lived")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("button", name="I have copied it").click()
    revoke = page.get_by_role("button", name="Revoke “Short-lived”")
    revoke.click()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(revoke).to_be_focused()
    assert "Short-lived" in keys(served, admin)
    revoke.click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text("“Short-lived” is revoked.")).to_be_visible()
    expect(page.get_by_role("row", name="Short-lived")).to_have_count(0)
    assert "Short-lived" not in keys(served, admin)


def test_revoking_the_sessions_own_key_ends_the_session(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    log_in_by_link(page, served, "keys", account=served.account())
    page.get_by_role("button", name="Revoke “Dashboard”").click()
    expect(page.get_by_role("dialog")).to_contain_text("This session is of this key")
    watch.expect(401, "/api/v1/api_keys")
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text("The session has ended.")).to_be_visible()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [360, 1280])
def test_keys_are_accessible(served: Dashboard, browse: Browse, theme: Theme, width: int) -> None:
    page = browse(width=width, theme=theme)
    log_in_by_link(page, served, "keys")
    expect(page.get_by_role("table")).to_be_visible()
    expect_accessible(page)
    expect_no_sideways_scroll(page)
    create(page, "Never made")
    page.get_by_label("Expires").select_option("On a date")
    expect_accessible(page)
    expect_no_sideways_scroll(page)
