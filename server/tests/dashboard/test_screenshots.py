"""Screenshots of every page in both themes, in the documentation; `make screenshots` makes them anew."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from dashboard.browser import DEADLINE_MS, THEMES, Theme, Watch
from dashboard.conftest import Browse
from dashboard.routes import ROUTES, Route
from dashboard.served import Dashboard, expect_loaded, log_in_by_link, open_route
from dashboard.showroom import showroom

FOLDER = Path(__file__).parents[3] / "docs/images/dashboard"
PAGES = [route for route in ROUTES if "/" not in route.path]
MOST_BYTES = 3_000_000
PROMPT = "What is a fondaco? Answer in two sentences."


def picture(name: str, theme: Theme) -> Path:
    return FOLDER / f"{name}-{theme}.png"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["login", *map(str, PAGES)])
def test_the_documentation_shows_every_page(name: str, theme: Theme) -> None:
    assert picture(name, theme).is_file(), "run: make screenshots"
    page = (FOLDER.parents[1] / "how-to/dashboard.md").read_text()
    assert f"../images/dashboard/{name}-{theme}.png" in page


def test_screenshots_are_small() -> None:
    assert sum(one.stat().st_size for one in FOLDER.iterdir()) < MOST_BYTES


@pytest.mark.screenshots
@pytest.mark.parametrize("theme", THEMES)
def test_screenshots_are_made(browse: Browse, watch: Watch, theme: Theme) -> None:
    FOLDER.mkdir(exist_ok=True)
    # Pages show the home folder: not one that is named after a test.
    with TemporaryDirectory(prefix="fondaco-") as folder, showroom(Path(folder, "home")) as served:
        watch.origin = served.program.url
        watch.expect(401, "/dashboard/session")
        page = browse(theme=theme)
        page.goto(served.url)
        expect(page.get_by_label("API key")).to_be_visible()
        _save(page, picture("login", theme))
        log_in_by_link(page, served)
        for route in PAGES:
            open_route(page, route.path)
            _prepare(page, served, route)
            _save(page, picture(str(route), theme))


def _prepare(page: Page, served: Dashboard, route: Route) -> None:
    """Bring a page into the state that tells most of it."""
    match route.path:
        case "playground":
            page.get_by_role("textbox", name="Message").fill(PROMPT)
            page.keyboard.press("Enter")
            expect(page.get_by_text("tokens/s")).to_be_visible(timeout=5 * DEADLINE_MS)
        case "video-jobs":
            expect(page.get_by_text("Completed")).to_be_visible(timeout=5 * DEADLINE_MS)
        case "configuration":
            page.get_by_role("button", name="Set by you").click()
        case _:
            pass
    expect_loaded(page)


def _save(page: Page, path: Path) -> None:
    """Save what the window shows, with the 256 colours that matter most."""
    shot = Image.open(io.BytesIO(page.screenshot()))
    shot.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
