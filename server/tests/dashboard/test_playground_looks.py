"""The playground is accessible in both themes, and usable from 360 pixels on."""

import pytest
from playwright.sync_api import Page, expect

from dashboard.browser import THEMES, Theme
from dashboard.conftest import Browse
from dashboard.page_checks import expect_accessible, expect_no_sideways_scroll
from dashboard.playground import Playground
from dashboard.served import Dashboard

CODE = "Write hello world in Python."


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_a_conversation_is_accessible_and_fits(
    served: Dashboard, browse: Browse, width: int, theme: Theme
) -> None:
    page = browse(width=width, theme=theme)
    playground = Playground.of(page, served, account=served.account())
    checked(page)
    playground.say(CODE)
    page.keyboard.press("Escape")
    playground.wait()
    checked(page)
    page.get_by_role("button", name="View as code").click()
    expect(
        page.get_by_role("dialog", name="View as code").locator(".hljs-string").first
    ).to_be_visible()
    checked(page)
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    if width == 360:
        page.get_by_role("button", name="Parameters").click()
        expect(page.get_by_role("dialog", name="Parameters")).to_be_visible()
        for section in page.locator("details.pg-section").all():
            section.evaluate("element => { element.open = true; }")
        checked(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name="Parameters")).to_be_focused()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    "model",
    [
        "fondaco-painter",
        "fondaco-voice",
        "all-minilm-l6-v2",
        "whisper-tiny.en",
        "fondaco-camera",
        "fondaco-upscaler",
        "fondaco-editor",
    ],
)
def test_the_form_of_each_type_is_accessible_and_fits(
    served: Dashboard, browse: Browse, model: str, theme: Theme
) -> None:
    page = browse(width=360, theme=theme)
    Playground.of(page, served, model=model, account=served.account())
    checked(page)
    page.get_by_role("button", name="Parameters").click()
    checked(page)


def checked(page: Page) -> None:
    expect_accessible(page)
    expect_no_sideways_scroll(page)
