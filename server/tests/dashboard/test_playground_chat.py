"""Chats in the playground with the embedded model: streamed, stopped, edited, retried, kept."""

import os
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from dashboard.conftest import Browse
from dashboard.playground import ANSWER_MS, Playground
from dashboard.served import Dashboard
from program import until

CUT = "cut off by the caller"
"""The ledger's note of a call that its caller ended."""


def test_an_answer_streams_with_its_tokens_charge_and_speed(served: Dashboard, page: Page) -> None:
    account = served.account()
    playground = Playground.of(page, served, account=account)
    playground.set("Max completion tokens", "24")
    playground.set("Temperature", "0")
    playground.say("Name the capital of Italy.")
    expect(playground.answer).to_contain_text("Rome", timeout=ANSWER_MS)
    playground.wait()
    expect(playground.figures).to_contain_text("out")
    expect(playground.figures).to_contain_text("first token")
    expect(playground.figures).to_contain_text("tokens/s")
    expect(playground.figures).to_contain_text("$0.0000")
    expect(page.get_by_role("status").filter(has_text="The answer is complete")).to_be_attached()


def test_the_charge_is_the_ledgers(served: Dashboard, page: Page) -> None:
    account = served.account()
    playground = Playground.of(page, served, account=account)
    playground.set("Max completion tokens", "4")
    playground.ask("Count to ten.")
    expect(playground.figures.get_by_title("Charged in USD")).to_have_count(1)
    shown = playground.figures.get_by_title("Charged in USD").inner_text()
    rows = served.program.charged()
    # The account's only call: prompt and output, in nano-dollars.
    newest = [row for row in rows if row.call_id == rows[-1].call_id]
    charged = -sum(row.amount for row in newest) / 1_000_000_000
    assert float(shown.removeprefix("$")) == pytest.approx(charged, rel=0.01)


def test_a_stream_that_is_stopped_ends_the_servers_call(served: Dashboard, page: Page) -> None:
    account = served.account()
    playground = Playground.of(page, served, account=account)
    playground.say("Tell a very long story of a ship, with every detail of its voyage.")
    expect(playground.answer).not_to_be_empty(timeout=ANSWER_MS)
    page.keyboard.press("Escape")
    playground.wait()
    expect(playground.figures).to_contain_text("stopped")
    text = playground.answer.inner_text()
    assert text
    # The charge of a call that was hung up says so, and is of what was produced until then.
    until(lambda: [row for row in served.program.charged() if CUT in row.notes], within_s=60)
    playground.say("Go on.")  # nothing is blocked
    page.get_by_role("button", name="Stop (Esc)").click()
    playground.wait()


def test_an_edited_message_is_a_branch_and_the_old_one_stays(served: Dashboard, page: Page) -> None:
    playground = Playground.of(page, served, account=served.account())
    playground.set("Max completion tokens", "6")
    playground.ask("Name a colour.")
    page.get_by_role("button", name="Edit message").click()
    page.get_by_label("Edit message").fill("Name a town.")
    page.get_by_role("button", name="Save and answer").click()
    expect(playground.questions.get_by_text("Name a town.")).to_have_count(1)
    expect(playground.questions).to_have_count(1)
    playground.wait()
    playground.questions.last.get_by_role("button", name="Earlier branch").click()
    expect(playground.questions.get_by_text("Name a colour.")).to_be_visible()
    expect(playground.answers).to_have_count(1)


def test_a_retry_is_another_answer_and_the_first_stays(served: Dashboard, page: Page) -> None:
    playground = Playground.of(page, served, account=served.account())
    playground.set("Max completion tokens", "6")
    first = playground.ask("Say something.")
    page.get_by_role("button", name="Retry").click()
    branches = playground.answers.last.get_by_role("group", name="Branches")
    expect(branches).to_contain_text("2 / 2")
    playground.wait()
    branches.get_by_role("button", name="Earlier branch").click()
    expect(playground.answer).to_have_text(first, use_inner_text=True)


def test_conversations_survive_a_reload_and_belong_to_their_account(
    served: Dashboard, page: Page
) -> None:
    playground = Playground.of(page, served, account=served.account())
    playground.set("Max completion tokens", "6")
    text = playground.ask("Remember <b>this</b> & that.")
    page.reload()
    expect(playground.answer).to_have_text(text)
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_text("held in this browser alone").first).to_be_attached()
    page.get_by_role("button", name="Conversations").click()
    page.get_by_role("button", name="Remember <b>this</b> & that.").first.click()
    expect(playground.answer).to_have_text(text)
    expect(page.get_by_label("Max completion tokens")).to_have_value("6")

    other = Playground.of(page, served, account=served.account())
    page.get_by_role("button", name="Conversations").click()
    dialog = page.get_by_role("dialog", name="Conversations")
    expect(dialog).to_contain_text("until you delete them")
    expect(dialog.get_by_role("listitem")).to_have_count(0)
    dialog.get_by_role("button", name="Close").click()
    other.set("Max completion tokens", "4")
    other.ask("Hello.")


def test_all_conversations_can_be_deleted(served: Dashboard, page: Page) -> None:
    playground = Playground.of(page, served, account=served.account())
    playground.set("Max completion tokens", "4")
    playground.ask("The first one.")
    page.get_by_role("button", name="New conversation").click()
    expect(playground.questions).to_have_count(0)
    playground.ask("The second one.")
    page.get_by_role("button", name="Conversations").click()
    listed = page.get_by_role("dialog", name="Conversations").get_by_role("listitem")
    expect(listed).to_have_count(2)
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("dialog", name="Delete all").get_by_role("button", name="Delete").click()
    expect(listed).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="Conversations").click()
    expect(listed).to_have_count(0)


def test_an_answer_goes_on_while_another_page_is_shown(served: Dashboard, page: Page) -> None:
    playground = Playground.of(page, served, account=served.account())
    playground.set("Max completion tokens", "60")
    playground.say("Tell of the sea.")
    page.get_by_role("link", name="Overview").first.click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    page.get_by_role("link", name="Playground").first.click()
    playground.wait()
    expect(playground.figures).to_contain_text("out", timeout=ANSWER_MS)


def test_a_link_chooses_model_and_character(served: Dashboard, page: Page) -> None:
    account = served.account()
    playground = Playground.of(page, served, account=account, character="alan-watts")
    chosen = page.get_by_label("Character", exact=True)
    expect(chosen).to_have_value("alan-watts")
    playground.set("Max completion tokens", "4")
    playground.ask("Why do we play?")
    assert '"character_slug": "alan-watts"' in playground.code("curl")


def test_another_model_keeps_what_was_set_and_written(served: Dashboard, page: Page) -> None:
    playground = Playground.of(page, served, account=served.account())
    playground.set("Seed", "7")
    playground.message.fill("Half a sentence")
    playground.picker.select_option("qwen2.5-coder-0.5b")
    expect(page.get_by_label("Seed", exact=True)).to_have_value("7")
    expect(playground.message).to_have_value("Half a sentence")
    assert '"model": "qwen2.5-coder-0.5b"' in playground.code("curl")


def test_a_function_call_is_answered_by_hand(served: Dashboard, page: Page) -> None:
    playground = Playground.of(page, served, account=served.account())
    playground.set("Temperature", "0")
    playground.set("Tool choice", "required")
    page.get_by_label("Parallel calls").uncheck()
    page.get_by_role("button", name="Insert an example").last.click()
    playground.say("What is the weather in Oslo?")
    playground.wait()
    call = playground.answers.last.get_by_role("region", name="Call of get_weather")
    expect(call.locator("pre")).to_contain_text('"city"')
    playground.set("Tool choice", "none")
    call.get_by_label("Result of get_weather").fill("rain, 7 degrees")
    call.get_by_role("button", name="Send result").click()
    expect(page.get_by_role("article", name="Result of get_weather")).to_contain_text("7 degrees")
    expect(playground.answers).to_have_count(2)
    playground.wait()


@pytest.mark.parametrize("client", ["Python · openai", "Python · venice_ai"])
def test_the_shown_python_runs(served: Dashboard, page: Page, client: str) -> None:
    account = served.account()
    playground = Playground.of(page, served, account=account)
    playground.set("Max completion tokens", "12")
    playground.set("Temperature", "0")
    playground.set("Min P", "0.05")
    asked = 'Say: "it\'s $5 \\ `x` 😀"\nand \\n no more.'
    answered = playground.ask(asked)
    key, url = served.key(account), f"{served.program.url}/api/v1"
    names = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "VENICE_BASE_URL", "VENICE_API_KEY")
    own = os.environ  # noqa: TID251 - handed on to the child
    environ = {**own, **dict(zip(names, (url, key) * 2, strict=True))}
    code = playground.code(client)
    assert key not in code
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == answered.split()


def test_the_keyboard_alone_suffices(served: Dashboard, browse: Browse) -> None:
    page = browse()
    playground = Playground.of(page, served, account=served.account())
    playground.set("Max completion tokens", "8")
    playground.message.focus()
    page.keyboard.type("One")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Two")
    expect(playground.message).to_have_value("One\nTwo")
    page.keyboard.press("Enter")
    expect(playground.message).to_be_focused()
    expect(playground.message).to_have_value("")
    playground.wait()
    page.keyboard.press("Shift+Tab")  # back into the conversation
    inside = "() => document.activeElement.closest('.pg-messages') !== null"
    assert page.evaluate(inside)
