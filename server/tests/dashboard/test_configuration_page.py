"""The page of the configuration: values and origins as `config show` has them, and no secret."""

from playwright.sync_api import Page, expect

from dashboard.served import Dashboard, log_in_by_link


def test_settings_are_told_with_their_origin(served: Dashboard, page: Page) -> None:
    log_in_by_link(page, served, "configuration")
    page.get_by_text("embedded", exact=True).click()
    threads = page.get_by_role("row", name="embedded.threads")
    expect(threads).to_contain_text("1")
    expect(threads).to_contain_text("env FONDACO_EMBEDDED__THREADS")
    expect(page.get_by_role("row", name="embedded.gpu_layers")).to_contain_text("default")
    expect(page.get_by_role("row", name="server.port")).to_have_count(0)


def test_settings_are_found_and_those_that_were_set_are_told_apart(
    served: Dashboard, page: Page
) -> None:
    log_in_by_link(page, served, "configuration")
    page.get_by_label("Search").fill("drain_delay")
    expect(page.get_by_role("row", name="server.drain_delay_s")).to_be_visible()
    page.get_by_label("Search").fill("")
    page.get_by_role("button", name="Set by you").click()
    expect(page.get_by_role("row", name="embedded.threads")).to_be_visible()
    expect(page.get_by_role("row", name="embedded.gpu_layers")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("row", name="embedded.threads")).to_be_visible()
    page.get_by_label("Search").fill("no such setting")
    expect(page.get_by_text("No setting matches.")).to_be_visible()
