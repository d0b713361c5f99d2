"""The page at `/` of a server without the dashboard."""

import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from urllib.parse import urljoin

import pytest

from fondaco.settings import Dashboard
from house import TOY, House, house

PLAIN = Dashboard(enabled=False)
BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "Authorization": ""}


@pytest.fixture(scope="module")
async def plain() -> AsyncGenerator[House]:
    async with house(dashboard=PLAIN) as one:
        yield one


async def test_a_browser_gets_a_page_whose_links_all_lead_somewhere(plain: House) -> None:
    page = await plain.client.get("/", headers=BROWSER)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    links = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(links) >= 7
    proxy = "https://ai.example/below/a/path/"
    for link in links:
        outside = urljoin(proxy, link)
        assert outside.startswith(proxy)
        found = await plain.client.get(f"/{outside.removeprefix(proxy)}")
        assert found.status_code == 200, link


@pytest.mark.parametrize("accept", ["*/*", "text/plain", "application/json"])
async def test_other_clients_get_text(plain: House, accept: str) -> None:
    reply = await plain.client.get("/", headers={"Accept": accept, "Authorization": ""})
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert "toy (text): ready" in reply.text
    assert "<" not in reply.text


async def test_it_names_what_is_installed_and_escapes_what_it_shows() -> None:
    absent = replace(TOY, id="absent", traits=(), installed=False)
    async with house(models=(TOY, absent), dashboard=PLAIN) as one:
        page = (await one.client.get("/", headers=BROWSER)).text
        odd = await one.client.get("/", headers={**BROWSER, "X-Forwarded-Proto": "<script>"})
    assert re.search(r"<code>toy</code>.*<td>ready</td>", page)
    assert re.search(r"<code>absent</code>.*<td>not installed</td>", page)
    assert "<script" not in odd.text


async def test_it_shows_the_address_by_which_it_was_reached(plain: House) -> None:
    page = await plain.client.get(
        "/", headers={**BROWSER, "Host": "localhost:4321", "X-Forwarded-Proto": "https"}
    )
    assert "ANTHROPIC_BASE_URL=https://localhost:4321<" in page.text
