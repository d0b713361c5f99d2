"""The page of engines: health, models and slots of each; one that is down holds up nothing."""

from playwright.sync_api import Locator, Page, expect

from dashboard.calls import call
from dashboard.served import UNREACHABLE, Dashboard, log_in_by_link
from program import MODEL


def card(page: Page, model: str) -> Locator:
    """Return the card of the engine that runs a model."""
    return page.get_by_role("article").filter(has=page.get_by_role("link", name=model, exact=True))


def test_engines_are_told_as_the_api_tells_them(served: Dashboard, page: Page) -> None:
    log_in_by_link(page, served, "engines")
    engines = served.program.http.get("/api/v1/operator/engines").json()["data"]
    page.locator("summary", has_text="idle engine").click()
    expect(page.get_by_role("article")).to_have_count(len(engines))
    shown = page.get_by_role("article").get_by_role("heading").all_text_contents()
    assert sorted(shown) == sorted(one["id"] for one in engines)
    expect(card(page, MODEL)).to_contain_text("On this machine")


def test_what_runs_comes_first_and_what_is_idle_is_folded(served: Dashboard, page: Page) -> None:
    assert call(served, served.key(served.account())) == 200
    log_in_by_link(page, served, "engines")
    states = page.locator(".card-head .badge")
    expect(states.first).to_have_text("Unreachable")  # it needs somebody
    expect(states.nth(1)).to_have_text("Loaded")
    idle = page.get_by_role("group").filter(has_text="idle engine")
    expect(idle.get_by_role("article").first).to_be_hidden()
    idle.locator("summary").click()
    expect(idle.get_by_role("article").first).to_be_visible()


def test_an_engine_that_has_answered_is_loaded(served: Dashboard, page: Page) -> None:
    assert call(served, served.key(served.account())) == 200
    log_in_by_link(page, served, "engines")
    one = card(page, MODEL)
    expect(one).to_contain_text("Loaded")
    expect(one.get_by_role("meter", name="Slots in use")).to_be_visible()


def test_an_engine_that_is_down_is_named_with_its_reason(served: Dashboard, page: Page) -> None:
    log_in_by_link(page, served, "engines")
    down = card(page, UNREACHABLE)
    expect(down).to_contain_text("Unreachable")
    expect(down).to_contain_text("http://127.0.0.1:9/v1")
    expect(page.get_by_text("down does not answer.")).to_be_visible()
    expect(down.get_by_role("link", name=UNREACHABLE)).to_have_attribute(
        "href", f"#/models/{UNREACHABLE}"
    )
