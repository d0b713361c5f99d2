"""Requests of the playground in the shapes that the API has: images, searches, limits."""

import io
import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from dashboard.browser import Watch
from dashboard.playground import Playground
from dashboard.served import Dashboard, dashboard
from fake_upstream import FakeUpstream, in_thread

CHATS = "/api/v1/chat/completions"
_CONFIGURATION = """
[engines.scripted]
base_url = "{scripted}"
models = {{ seeing = "toy" }}

[models.seeing]
name = "Seeing"
price = {{ input = 0.2, output = 0.8 }}
engines = ["scripted"]
context_tokens = 16384
max_output_tokens = 512
vision = true
web_search = true

[tiers.small]
[tiers.small.limits.small]
requests_per_minute = 1
requests_per_day = 100
tokens_per_minute = 100000
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeUpstream]:
    with in_thread(FakeUpstream()) as fake:
        yield fake


@pytest.fixture(scope="module")
def served(engine: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    configuration = _CONFIGURATION.format(scripted=engine.base_url)
    with dashboard(tmp_path_factory.mktemp("requests") / "home", configuration) as one:
        yield one


def test_a_picture_goes_with_the_message_as_the_api_takes_it(
    served: Dashboard, page: Page, engine: FakeUpstream
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(picture, "PNG")
    playground = Playground.of(page, served, model="seeing", account=served.account())
    files = [{"name": "lagoon.png", "mimeType": "image/png", "buffer": picture.getvalue()}]
    page.locator(".pg-composer input[type=file]").set_input_files(files)  # type: ignore[arg-type]
    expect(page.get_by_role("img", name="Picture 1")).to_be_visible()
    with page.expect_request(f"**{CHATS}") as sent:
        playground.ask("Which colour is it?")
    [message] = json.loads(sent.value.post_data or "")["messages"]
    text, image = message["content"]
    assert text == {"type": "text", "text": "Which colour is it?"}
    kind, _, data = image["image_url"]["url"].partition(",")
    assert (image["type"], kind) == ("image_url", "data:image/png;base64")
    assert b64decode(data) == picture.getvalue()
    assert "image_url" in str(engine.asked[-1].body)
    expect(playground.questions.last.get_by_role("img", name="Attached picture 1")).to_be_visible()
    expect(page.get_by_role("list", name="Attached pictures")).to_have_count(0)


def test_a_search_shows_its_sources(served: Dashboard, page: Page, tmp_path: Path) -> None:
    document = tmp_path / "archive.md"
    document.write_text("# Archive\n\nThe archive of the Rialto is open on Tuesday from nine.\n")
    served.command("library", "add", str(document))
    playground = Playground.of(page, served, model="seeing", account=served.account())
    playground.set("Web search", "on")
    playground.ask("When is the archive of the Rialto open?")
    sources = playground.answers.last.get_by_role("region", name="Sources")
    expect(sources.get_by_role("listitem")).to_contain_text("Archive")
    expect(sources.get_by_role("listitem")).to_contain_text("open on Tuesday")
    expect(sources.get_by_role("link")).to_have_count(0)  # a document of the library is no web page
    expect(playground.figures).to_contain_text(
        "$"
    )  # the ledger's: searches are charged beside tokens


def test_a_limit_that_is_reached_says_when_to_retry(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    watch.expect(429, CHATS)
    account = served.account()
    served.command("accounts", "change", account, "--tier", "small")
    playground = Playground.of(page, served, model="seeing", account=account)
    playground.ask("Hello.")
    with page.expect_response(f"**{CHATS}") as refused:
        playground.say("And again.")
    playground.wait()
    assert 0 < int(refused.value.headers["retry-after"]) <= 61
    problem = playground.answers.last.get_by_role("alert")
    expect(problem).to_contain_text("Too many requests")
    retry = problem.get_by_role("button", name="Retry in")
    expect(retry).to_be_disabled()
    expect(problem.get_by_role("link", name="Open Limits")).to_be_visible()
