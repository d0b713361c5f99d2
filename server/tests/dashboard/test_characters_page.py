"""The pages of characters: found by their words, told in detail, chatted with."""

import re

from playwright.sync_api import Page, expect

from dashboard.browser import Watch
from dashboard.served import Dashboard, log_in_by_link, open_route

SLUG = "alan-watts"


def test_characters_are_found_by_their_words(served: Dashboard, page: Page) -> None:
    log_in_by_link(page, served, "characters")
    listed = served.program.http.get("/api/v1/characters?limit=100").json()["data"]
    expect(page.get_by_role("article")).to_have_count(len(listed))
    page.get_by_label("Search").fill("paradox")
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("article")).to_contain_text("Alan Watts")
    page.get_by_label("Search").fill("#Zen")
    expect(page.get_by_role("article")).to_contain_text("Zen")
    page.get_by_label("Search").fill("nobody of this kind")
    expect(page.get_by_text("No character matches.")).to_be_visible()


def test_a_character_is_told_in_detail_and_chatted_with(served: Dashboard, page: Page) -> None:
    told = served.program.http.get(f"/api/v1/characters/{SLUG}").json()["data"]
    log_in_by_link(page, served, "characters")
    page.get_by_role("link", name=told["name"], exact=True).click()
    expect(page.get_by_text(told["description"])).to_be_visible()
    for tag in told["tags"]:
        expect(page.get_by_text(tag, exact=True)).to_be_visible()
    expect(page.get_by_label("JSON")).to_contain_text(f'"character_slug": "{SLUG}"')
    page.get_by_role("link", name=f"Chat with {told['name']}").click()
    expect(page).to_have_url(re.compile(rf"#/playground\?.*character={SLUG}"))


def test_an_unknown_character_is_an_error_with_its_cause(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    watch.expect(404, "/api/v1/characters/nobody")
    log_in_by_link(page, served, "characters/nobody")
    expect(page.get_by_role("alert")).to_contain_text("nobody")
    open_route(page, f"characters/{SLUG}")
    expect(page.get_by_role("alert")).to_have_count(0)
