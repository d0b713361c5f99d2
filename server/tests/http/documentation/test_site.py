"""The documentation's site, as it is built: complete, and of this server alone."""

import json
import re
from pathlib import Path

import pytest

from fondaco.http.apis.operator.site_files import find

LOADED = re.compile(
    r"<(?:script|img|source|iframe|audio|video|embed|object)\b[^>]*\b(?:src|data)=\"(?P<url>[^\"]*)\""
    r"|<link\b(?![^>]*rel=\"(?:next|prev|canonical)\")[^>]*\bhref=\"(?P<link>[^\"]*)\""
)
"""What a page loads by itself, other than what its reader follows."""
IN_STYLE = re.compile(r"url\((?P<url>[^)]*)\)|@import\s+(?P<import>\S+)")


def test_no_page_loads_from_another_origin(site: Path) -> None:
    loaded = {
        found["url"] or found["link"]
        for page in site.rglob("*.html")
        for found in LOADED.finditer(page.read_text("utf-8"))
    }
    assert len(loaded) > 10
    assert {url for url in loaded if "//" in url or url.startswith("data:")} == set()


def test_no_style_loads_from_another_origin(site: Path) -> None:
    loaded = [
        found["url"] or found["import"]
        for style in site.rglob("*.css")
        for found in IN_STYLE.finditer(style.read_text("utf-8"))
    ]
    assert {url[:20] for url in loaded if not url.strip("\"'").startswith("data:")} == set()


def test_no_page_has_inline_styles_or_handlers(site: Path) -> None:
    forbidden = re.compile(r"<[^>]*\s(?:style|on\w+)=\"|<style\b")
    pages = sorted(site.rglob("*.html"))
    assert [page for page in pages if forbidden.search(page.read_text("utf-8"))] == []


def test_no_page_shows_what_only_tests_read(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert [one for one in pages if "invisible-code" in one.read_text("utf-8")] == []


def test_bars_in_the_code_of_a_table_are_shown_without_a_backslash(site: Path) -> None:
    page = (site / "reference/command-line/index.html").read_text("utf-8")
    assert "--by model|key|day|sku</code></td>" in page


def test_the_search_knows_every_page(site: Path) -> None:
    index = json.loads((site / "search/search_index.json").read_text("utf-8"))
    known = {entry["location"].partition("#")[0] for entry in index["docs"]}
    pages = {str(page.parent.relative_to(site)) for page in site.rglob("index.html")}
    assert {one.rstrip("/") or "." for one in known} == pages


@pytest.mark.parametrize(
    "path",
    [
        "../docs_site.py",
        "%2e%2e/x",
        "tutorial/../index.html",
        "tutorial//index.html",
        "./index.html",
        "/etc/passwd",
        "tutorial\\index.html",
        "index.html\0.css",
        ".hidden.html",
        "secret.toml",
        "assets",
        "",
    ],
)
def test_only_files_of_the_site_are_found(tmp_path: Path, path: str) -> None:
    site = tmp_path / "site"
    (site / "tutorial").mkdir(parents=True)
    (site / "assets").mkdir()
    for name in ("tutorial/index.html", ".hidden.html", "secret.toml"):
        (site / name).write_text("text")
    (tmp_path / "docs_site.py").write_text("text")
    assert find(site, path) is None
    assert find(site, "tutorial/") is not None


def test_a_site_that_was_built_anew_is_served_anew(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("before")
    before = find(tmp_path, "")
    page.write_text("after it")
    after = find(tmp_path, "")
    assert before is not None
    assert after is not None
    assert (before.body, after.body) == (b"before", b"after it")
    assert before.etag != after.etag
