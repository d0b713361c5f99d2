"""The documentation's site, as the server sends it: to programs, and to Chromium."""

import shutil
from pathlib import Path
from urllib.parse import urljoin

import brotli
import pytest

from fondaco.http.apis.operator import docs_site
from fondaco.settings import Dashboard
from house import House, house


async def test_a_page_is_served_with_its_own_policy(served: House) -> None:
    reply = await served.client.get("/docs/tutorial/getting-started/")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1" in reply.text
    policy = reply.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self' 'sha256-" in policy
    assert docs_site.is_built()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/docs/", "text/html; charset=utf-8"),
        ("/docs/search/search_index.json", "application/json"),
        ("/docs/images/overview.svg", "image/svg+xml"),
        ("/docs/images/painter.jpg", "image/jpeg"),
        ("/docs/site/site.css", "text/css; charset=utf-8"),
    ],
)
async def test_files_have_their_media_types(served: House, path: str, media_type: str) -> None:
    reply = await served.client.get(path)
    assert (reply.status_code, reply.headers["content-type"]) == (200, media_type)
    assert reply.headers["cache-control"] == "no-cache"


async def test_a_file_that_did_not_change_is_not_sent_again(served: House) -> None:
    first = await served.client.get("/docs/")
    etag = first.headers["etag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        reply = await served.client.get("/docs/", headers={"if-none-match": known})
        assert (reply.status_code, reply.content) == (304, b"")
        assert reply.headers["etag"] == etag
        assert "content-length" not in reply.headers
    reply = await served.client.get("/docs/", headers={"if-none-match": '"other"'})
    assert reply.status_code == 200


async def test_files_with_hashed_names_are_kept_for_good(served: House, site: Path) -> None:
    [script] = (site / "assets/javascripts").glob("bundle.*.min.js")
    reply = await served.client.get(f"/docs/assets/javascripts/{script.name}")
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_files_are_compressed(served: House, site: Path) -> None:
    path, headers = "/docs/search/search_index.json", {"accept-encoding": "br"}
    async with served.client.stream("GET", path, headers=headers) as reply:
        assert reply.headers["content-encoding"] == "br"
        raw = b"".join([piece async for piece in reply.aiter_raw()])
    assert brotli.decompress(raw) == (site / "search/search_index.json").read_bytes()


@pytest.mark.parametrize("proxy", ["https://h", "https://h/below/a/path"])
async def test_addresses_without_their_slash_lead_on_below_any_path(
    served: House, proxy: str
) -> None:
    for path in ("/docs", "/docs/tutorial/getting-started"):
        reply = await served.client.get(path)
        assert reply.status_code == 307
        assert urljoin(proxy + path, reply.headers["location"]) == f"{proxy}{path}/"


@pytest.mark.parametrize("path", ["/docs/nothing", "/docs/a/b/c/"])
async def test_an_unknown_address_gets_a_page_that_leads_back(served: House, path: str) -> None:
    reply = await served.client.get(path)
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "unsafe" not in reply.headers["content-security-policy"]
    links = [part.partition('"')[0] for part in reply.text.split('href="')[1:]]
    targets = {urljoin(f"https://h/below{path}", link) for link in links}
    assert {one for one in targets if not one.startswith("https://h/below/docs/")} == set()
    for target in sorted(targets)[:8]:
        assert (await served.client.get(target.removeprefix("https://h/below"))).status_code == 200


async def test_no_address_leads_out_of_the_site(served: House) -> None:
    for path in ("/docs/..%2Fdoc.html", "/docs/%2e%2e%2f%2e%2e%2fedge%2fedge.py", "/docs/%00"):
        assert (await served.client.get(path)).status_code == 404


async def test_without_the_site_its_address_leads_to_the_page_of_the_api(
    without_site: House,
) -> None:
    for path in ("/docs", "/docs/"):
        reply = await without_site.client.get(path)
        assert reply.status_code == 307
        assert urljoin(f"https://h/below{path}", reply.headers["location"]) == "https://h/below/doc"
    reply = await without_site.client.get("/docs/tutorial/getting-started/")
    assert reply.status_code == 404
    assert "make docs" in reply.json()["error"]
    assert not docs_site.is_built()


async def test_the_home_page_links_to_the_site_where_it_is_built(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = {"accept": "text/html,*/*;q=0.8"}
    async with house(dashboard=Dashboard(enabled=False)) as one:
        for folder, is_linked, path in (
            (site, True, "docs/"),
            (tmp_path / "never built", False, "doc"),
        ):
            monkeypatch.setattr(docs_site, "SITE", folder)
            page = (await one.client.get("/", headers=browser)).text
            assert ('<a href="docs/">Documentation</a>' in page) == is_linked
            assert '<a href="doc">' in page
            text = (await one.client.get("/", headers={"accept": "text/plain"})).text
            assert f"Documentation: {one.url}/{path}\n" in text
            assert (await one.client.get(f"/{path}")).status_code == 200


@pytest.mark.slow  # Chromium starts, and reads the search index
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_chromium_shows_a_page_and_searches_without_a_foreign_request(
    served: House, theme: str
) -> None:
    playwright_api = pytest.importorskip("playwright.async_api", reason="a tool of development")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    faults: list[str] = []
    async with playwright_api.async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = await browser.new_page(color_scheme=theme)
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("response", lambda reply: faults.extend([reply.url] * (reply.status >= 400)))
        page.on("request", lambda one: faults.extend([one.url] * (served.url not in one.url)))
        await page.goto(f"{served.url}/docs/tutorial/getting-started/")
        scheme = await page.locator("body").get_attribute("data-md-color-scheme")
        assert scheme == {"light": "default", "dark": "slate"}[theme]
        await page.locator("input[name=query]").click()
        await page.keyboard.type("idempotency")
        found = page.locator(".md-search-result__item", has_text="Idempotency").first
        await found.wait_for()
        await found.locator("a").first.click()
        await page.wait_for_url("**/docs/how-to/idempotency/**")
        await playwright_api.expect(page.locator("h1")).to_contain_text("Idempotency")
        await browser.close()
    assert faults == []
