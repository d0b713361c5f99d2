"""Faults in the playground: each says what happened and what to do, keeps what arrived, and blocks nothing."""

import re
import threading
from collections.abc import Iterator

import anyio
import pytest
from playwright.sync_api import Page, expect

from dashboard.browser import Watch
from dashboard.playground import Playground
from dashboard.served import Dashboard, dashboard
from fake_upstream import Asked, FakeUpstream, Wire, cut_after, hanging, in_thread, saying, speak

CHATS = "/api/v1/chat/completions"
CLOSED_PORT = 9
SOMETHING = re.compile(r"\S")
_CONFIGURATION = """
[engines.down]
base_url = "http://127.0.0.1:{closed}/v1"

[engines.scripted]
base_url = "{scripted}"
models = {{ scripted = "toy" }}

[models.down]
name = "Down"
price = {{ input = 0.2, output = 0.8 }}
engines = ["down"]
context_tokens = 4096

[models.scripted]
name = "Scripted"
price = {{ input = 0.2, output = 0.8 }}
engines = ["scripted"]
context_tokens = 4096
max_output_tokens = 512

[models.scripted.reasoning]

[models.absent]
name = "Absent"
price = {{ input = 0.2, output = 0.8 }}
engines = ["embedded"]
file = "absent.gguf"
context_tokens = 4096
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeUpstream]:
    with in_thread(FakeUpstream()) as fake:
        yield fake


@pytest.fixture(scope="module")
def served(engine: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    configuration = _CONFIGURATION.format(closed=CLOSED_PORT, scripted=engine.base_url)
    with dashboard(tmp_path_factory.mktemp("faults") / "home", configuration) as one:
        yield one


def delta(**fields: object) -> dict[str, object]:
    """Return a chunk with this delta."""
    return {"id": "1", "choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


END = {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def test_an_engine_that_is_down_is_named_with_what_to_do(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    watch.expect(503, CHATS)
    playground = Playground.of(page, served, account=served.account())
    playground.set("Max completion tokens", "4")
    playground.ask("Hello.")  # it opens the conversation, so that the model is changed within it
    playground.picker.select_option("down")
    if (
        playground.message.is_enabled()
        and "not available" not in page.locator(".pg-keys").inner_text()
    ):
        playground.say("Are you there?")
        problem = playground.answers.last.get_by_role("alert")
        expect(problem).to_contain_text("Try again, or choose another model")
        expect(problem.get_by_role("button", name="Retry")).to_be_visible()
    playground.picker.select_option("smollm2-135m")
    assert playground.ask("And you?")


def test_a_model_that_is_not_installed_says_so(served: Dashboard, page: Page) -> None:
    playground = Playground.of(page, served, model="absent", account=served.account())
    expect(page.get_by_text("Absent cannot be tried here")).to_be_visible()
    expect(page.get_by_role("link", name="Open Models")).to_be_visible()
    playground.message.fill("Hello.")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    option = playground.picker.locator("option[value=absent]")
    expect(option).to_contain_text("not installed")


def test_an_empty_balance_says_how_to_go_on(served: Dashboard, page: Page, watch: Watch) -> None:
    watch.expect(402, CHATS)
    playground = Playground.of(page, served, account=served.account(usd=0))
    playground.say("Hello.")
    problem = playground.answers.last.get_by_role("alert")
    expect(problem).to_contain_text("The balance does not suffice")
    expect(problem).to_contain_text("fondaco balance grant")
    expect(problem.get_by_role("button", name="Retry")).to_be_enabled()


def test_a_stream_that_breaks_off_keeps_what_arrived(
    served: Dashboard, page: Page, engine: FakeUpstream
) -> None:
    playground = Playground.of(page, served, model="scripted", account=served.account())
    engine.next(cut_after(3))
    playground.say("one two three four five six")
    problem = playground.answers.last.get_by_role("alert")
    expect(problem).to_contain_text("What arrived until then is kept")
    expect(playground.answer).to_have_text(SOMETHING)
    problem.get_by_role("button", name="Retry").click()
    expect(playground.answers.last.get_by_role("group", name="Branches")).to_contain_text("2 / 2")
    playground.wait()
    expect(playground.answers.last.get_by_role("alert")).to_have_count(0)


def test_stopping_hangs_up_on_the_engine(
    served: Dashboard, page: Page, engine: FakeUpstream
) -> None:
    playground = Playground.of(page, served, model="scripted", account=served.account())
    engine.next(hanging(after=2))
    playground.say("one two three")
    expect(playground.answer).not_to_be_empty()
    page.get_by_role("button", name="Stop (Esc)").click()
    playground.wait()
    asked = engine.asked[-1]
    deadline = 200
    while not asked.hung_up and deadline:
        page.wait_for_timeout(50)
        deadline -= 1
    assert asked.hung_up


def test_reasoning_is_folded_and_counted(
    served: Dashboard, page: Page, engine: FakeUpstream
) -> None:
    playground = Playground.of(page, served, model="scripted", account=served.account())
    engine.next(saying(delta(reasoning_content="Hm, forty."), delta(content="It is 40."), END))
    playground.say("What is it?")
    expect(playground.answer).to_have_text("It is 40.")
    playground.wait()
    reasoning = playground.answers.last.locator("details.pg-reasoning")
    expect(reasoning.get_by_text("Hm, forty.")).to_have_count(0)
    reasoning.locator("summary").click()
    expect(reasoning.get_by_text("Hm, forty.")).to_be_visible()
    effort = page.get_by_label("Effort", exact=True)
    expect(effort).to_have_count(1)


def test_the_reader_is_not_dragged_to_the_end(
    served: Dashboard, page: Page, engine: FakeUpstream
) -> None:
    playground = Playground.of(page, served, model="scripted", account=served.account())
    go_on = threading.Event()

    async def script(wire: Wire, asked: Asked) -> bool:
        await wire.begin_events()
        for number in range(120):
            if number == 60:
                await anyio.to_thread.run_sync(go_on.wait)
            await wire.event(delta(content=f"Line {number}.\n\n"))
        await wire.event(END)
        await wire.event("[DONE]")
        await wire.end()
        return True

    engine.next(script)
    playground.say("Write lines.")
    at_end = "() => ((e) => e.scrollHeight - e.scrollTop - e.clientHeight < 80)(document.querySelector('.pg-messages'))"
    expect(playground.answer).to_contain_text("Line 58.")
    page.wait_for_function(at_end)
    messages = page.get_by_role("region", name="Conversation")
    messages.evaluate("e => e.scrollTo(0, 0)")
    expect(page.get_by_role("button", name="Go to the end")).to_be_visible()
    go_on.set()
    playground.wait()
    expect(playground.answer).to_contain_text("Line 119.")
    assert messages.evaluate("e => e.scrollTop") == 0
    page.get_by_role("button", name="Go to the end").click()
    page.wait_for_function(at_end)


def test_slow_answers_block_no_other_conversation(
    served: Dashboard, page: Page, engine: FakeUpstream
) -> None:
    playground = Playground.of(page, served, model="scripted", account=served.account())
    engine.next(hanging(after=1), speak)
    playground.say("The slow one.")
    expect(playground.answer).not_to_be_empty()
    page.get_by_role("button", name="New conversation").click()
    playground.ask("The quick one.")
    page.get_by_role("button", name="Conversations").click()
    slow = page.get_by_role("button", name="The slow one. answering")
    slow.click()
    expect(page.get_by_role("button", name="Stop (Esc)")).to_be_visible()
    page.keyboard.press("Escape")
    playground.wait()
