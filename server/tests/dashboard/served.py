"""The server of these tests: one for a process, so each test that changes something has its own account."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, expect

from cli_program import Fondaco, Outcome
from dashboard.browser import loop_aside
from program import Program, program

UNREACHABLE = "far-away"
"""A model of the server whose engine never answers."""
NOT_INSTALLED = "not-pulled"
"""A model of the server whose files are missing."""
_CONFIGURATION = f"""
[engines.down]
base_url = "http://127.0.0.1:9/v1"

[models.{UNREACHABLE}]
name = "Far Away"
price = {{ input = 0.2, output = 0.8 }}
engines = ["down"]
context_tokens = 4096
max_output_tokens = 512

[models.{NOT_INSTALLED}]
name = "Not Pulled"
price = {{ input = 0.2, output = 0.8 }}
engines = ["embedded"]
file = "not-pulled.gguf"
context_tokens = 4096

[models.fondaco-camera.video]
durations = [1]
"""
_numbers = count(1)


@dataclass(frozen=True)
class Dashboard:
    """A running server with a dashboard, and its command line."""

    program: Program

    @property
    def url(self) -> str:
        """The address of the dashboard."""
        return f"{self.program.url}/"

    def command(self, *arguments: str) -> Outcome:
        """Run `fondaco` on the server's home, in this process."""
        with loop_aside():
            ended = Fondaco(self.program.home)(*arguments)
        assert ended.code == 0, ended.err
        return ended

    def account(self, *, usd: float = 1) -> str:
        """Create an account with funds, and return its name."""
        name = f"account-{next(_numbers)}"
        self.command("accounts", "create", name, "--usd", str(usd), "--json")
        return name

    def key(self, account: str = "default", kind: Literal["ADMIN", "INFERENCE"] = "ADMIN") -> str:
        """Create a key of an account, and return its secret."""
        named = ("--account", account, "--description", "Of a test")
        made = self.command("keys", "create", "--type", kind, *named, "--json").json
        assert isinstance(made, dict)
        return str(made["apiKey"])

    def link(self, account: str = "default") -> str:
        """Return an address that logs in once, as the owner of an account."""
        made = self.command("dashboard", "link", "--account", account, "--json").json
        assert isinstance(made, dict)
        return str(made["url"])


def log_in_by_link(
    page: Page, served: Dashboard, route: str = "", *, account: str = "default"
) -> None:
    """Open a page of the dashboard as the owner of an account; that of "default" is an operator."""
    link = served.link(account)
    assert link.startswith(f"{served.url}?login=")
    page.goto(f"{link}#/{route}")
    expect_loaded(page)


def log_in_by_key(page: Page, served: Dashboard, key: str, route: str = "") -> None:
    """Open a page of the dashboard with the rights of a key, which is typed into the form."""
    page.goto(f"{served.url}#/{route}")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Log in").click()
    expect_loaded(page)


def open_route(page: Page, route: str) -> None:
    """Go to another page of the dashboard, as by its address."""
    page.evaluate("(route) => { location.hash = route }", f"#/{route}")
    expect_loaded(page)


def expect_loaded(page: Page) -> None:
    """Wait until a page of the dashboard has all of its data."""
    expect(page.locator("main h1")).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)


@contextmanager
def dashboard(
    home: Path, configuration: str = _CONFIGURATION, **environ: str
) -> Iterator[Dashboard]:
    """Run a server of a new home; keywords are variables of its environment."""
    home.mkdir()
    (home / "fondaco.toml").write_text(configuration)
    with program(home, environ=environ) as one:
        yield Dashboard(one)
