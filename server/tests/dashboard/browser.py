"""Chromium as tests drive it, and what it reports of a page: each fault fails the test."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WIDTHS = (360, 1280, 2560)
"""Of a small phone, a laptop and a 4K screen at its usual scale, in CSS pixels."""
DEADLINE_MS = 30_000
"""How long a condition may take, under load: no test is about time."""
expect.set_options(timeout=DEADLINE_MS)
_HEIGHTS = {360: 740, 2560: 1440}
_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP violation of ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`))
"""
_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]  # containers often allow neither
_LOADED_IN_PAGE = {"data", "blob", "about"}


@dataclass
class Watch:
    """What the pages of one test did that no page may do."""

    origin: str
    """Scheme, host and port of the server: no request goes elsewhere."""
    faults: list[str] = field(default_factory=list)
    refused: set[tuple[int, str]] = field(default_factory=set)

    def expect(self, status: int, path: str) -> None:
        """Let the server refuse requests of this path with this status, as the test wants it."""
        self.refused.add((status, path))

    def observe(self, page: Page) -> None:
        """Report errors of the console and of scripts, refused requests, and requests of other origins."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        refusal = message.text.startswith("Failed to load resource")  # judged as a response
        if message.type in {"error", "warning"} and not refusal:
            self.faults.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        target = urlsplit(request.url)
        origin = f"{target.scheme}://{target.netloc}"
        if target.scheme not in _LOADED_IN_PAGE and origin != self.origin:
            self.faults.append(f"request of another origin: {request.url}")

    def _response(self, response: Response) -> None:
        path = urlsplit(response.url).path
        if response.status >= 400 and (response.status, path) not in self.refused:
            self.faults.append(f"{response.status}: {response.request.method} {path}")


@dataclass
class Chromium:
    """A browser for all tests of a process."""

    browser: Browser
    _loop: asyncio.AbstractEventLoop | None

    @contextmanager
    def driven(self) -> Iterator[None]:
        """Let Playwright's calls run in this block.

        Its event loop counts as running between its calls, and other tests of the process run loops of their own.
        """
        asyncio._set_running_loop(self._loop)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)

    def context(self, *, width: int = 1280, theme: Theme = "light") -> BrowserContext:
        """Open a context without cookies, whose pages stand still: nothing is animated."""
        context = self.browser.new_context(
            viewport={"width": width, "height": _HEIGHTS.get(width, 800)},
            color_scheme=theme,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="UTC",
        )
        context.set_default_timeout(DEADLINE_MS)
        context.add_init_script(_VIOLATIONS)
        return context


@contextmanager
def loop_aside() -> Iterator[None]:
    """Let code of this block run an event loop of its own, as commands do."""
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Run Chromium."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with loop_aside():
        playwright = sync_playwright().start()
        loop = asyncio._get_running_loop()
        try:
            browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
            one = Chromium(browser, loop)
            asyncio._set_running_loop(None)
            yield one
            asyncio._set_running_loop(loop)
            browser.close()
        finally:
            asyncio._set_running_loop(loop)
            playwright.stop()
