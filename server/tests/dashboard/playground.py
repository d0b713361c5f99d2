"""The playground as a person drives it."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from dashboard.browser import DEADLINE_MS
from dashboard.served import Dashboard

expect.set_options(timeout=DEADLINE_MS)
ANSWER_MS = 4 * DEADLINE_MS
"""How long an embedded model may take for an answer, under load."""


@dataclass(frozen=True)
class Playground:
    """The playground, open in a page that is logged in."""

    page: Page
    served: Dashboard

    @classmethod
    def of(
        cls,
        page: Page,
        served: Dashboard,
        *,
        model: str = "smollm2-135m",
        account: str = "default",
        **query: str,
    ) -> "Playground":
        """Log in as the owner of an account, and open the playground by a link to a model."""
        page.goto(served.link(account))
        expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
        more = "".join(f"&{name}={value}" for name, value in query.items())
        page.goto(f"{served.url}#/playground?model={model}{more}")
        one = cls(page, served)
        expect(one.picker).to_have_value(model)
        return one

    @property
    def picker(self) -> Locator:
        return self.page.get_by_label("Model", exact=True)

    @property
    def message(self) -> Locator:
        """The field in which the next message is written."""
        return self.page.get_by_label("Message", exact=True)

    @property
    def questions(self) -> Locator:
        return self.page.get_by_role("article", name="You")

    @property
    def answers(self) -> Locator:
        return self.page.get_by_role("article", name="Answer")

    @property
    def answer(self) -> Locator:
        """The text of the last answer."""
        return self.answers.last.locator(".md")

    @property
    def figures(self) -> Locator:
        """Tokens, charge and speed of the last answer."""
        return self.answers.last.locator(".pg-figures")

    def set(self, parameter: str, value: str) -> None:
        """Set a parameter of the panel, whose section is opened if it is folded."""
        field = self.page.get_by_label(parameter, exact=True)
        section = self.page.locator("details.pg-section").filter(has=field)
        if section.get_attribute("open") is None:
            section.locator("summary").click()
        if field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)

    def say(self, text: str) -> None:
        """Send a message by the keyboard."""
        self.message.fill(text)
        self.message.press("Enter")
        expect(self.questions.last).to_contain_text(text.strip()[:40])

    def wait(self) -> None:
        """Wait until the last answer is complete, stopped or failed."""
        expect(self.answers.last).to_have_attribute("aria-busy", "false", timeout=ANSWER_MS)

    def ask(self, text: str) -> str:
        """Send a message, and return its answer."""
        self.say(text)
        self.wait()
        expect(self.answer).to_have_text(re.compile(r"\S"))
        return self.answer.inner_text()

    def code(self, client: str) -> str:
        """Return the request as code for a client."""
        self.page.get_by_role("button", name="View as code").click()
        dialog = self.page.get_by_role("dialog", name="View as code")
        dialog.get_by_role("button", name=client).click()
        expect(dialog.locator("pre")).to_have_accessible_name(client)
        expect(dialog.locator("pre")).to_have_text(re.compile(r"\S"))
        shown = dialog.locator("pre").text_content()
        dialog.get_by_role("button", name="Close").click()
        assert shown is not None
        return shown
