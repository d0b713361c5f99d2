"""A server and a browser for all tests of a process, and for each test pages that do nothing wrong."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page

from dashboard.browser import Chromium, Theme, Watch, chromium
from dashboard.served import Dashboard, dashboard

Browse = Callable[..., Page]
"""Opens an empty page of a context of its own; takes `width` in CSS pixels and `theme`."""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    with dashboard(tmp_path_factory.mktemp("dashboard") / "home") as one:
        yield one


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    with chromium() as one:
        yield one


@pytest.fixture
def watch(served: Dashboard) -> Iterator[Watch]:
    """What the test's pages did that no page may do; it fails the test at its end."""
    watch = Watch(served.program.url)
    yield watch
    assert watch.faults == []


@pytest.fixture
def browse(browser: Chromium, watch: Watch) -> Iterator[Browse]:
    with browser.driven(), ExitStack() as contexts:

        def open_page(*, width: int = 1280, theme: Theme = "light") -> Page:
            context = contexts.enter_context(browser.context(width=width, theme=theme))
            context.on("page", watch.observe)
            return context.new_page()

        yield open_page


@pytest.fixture
def page(browse: Browse) -> Page:
    return browse()
