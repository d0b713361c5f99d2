"""The pages of models: what each is, filters, the first call as a command."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from dashboard.browser import Watch
from dashboard.page_checks import expect_accessible
from dashboard.served import (
    NOT_INSTALLED,
    UNREACHABLE,
    Dashboard,
    log_in_by_key,
    log_in_by_link,
    open_route,
)
from program import MODEL

VECTORS = "all-minilm-l6-v2"


@pytest.fixture
def account(served: Dashboard) -> str:
    return served.account()


def card(page: Page, model: str) -> Locator:
    """Return the card of a model in the list."""
    return page.get_by_role("article").filter(has=page.get_by_text(model, exact=True))


def test_the_list_says_what_a_model_is_costs_and_can_do(
    served: Dashboard, page: Page, account: str
) -> None:
    log_in_by_link(page, served, "models", account=account)
    one = card(page, MODEL)
    for said in (
        "SmolLM2 135M Instruct",
        "Ready",
        "1,024 tokens of context",
        "$0.05 in, $0.15 out per million tokens",
        "Functions, JSON schema",
        "fastest",
    ):
        expect(one).to_contain_text(said)
    expect(card(page, "fondaco-painter")).to_contain_text("$0.01 each")
    expect(card(page, f"e2ee-{MODEL}")).to_contain_text("For clients that encrypt")


def test_filters_narrow_the_list_and_stay_in_the_address(
    served: Dashboard, page: Page, account: str
) -> None:
    log_in_by_link(page, served, "models", account=account)
    page.get_by_label("Search").fill("camera")
    expect(page.get_by_role("status").filter(has_text="model")).to_have_text("1 model")
    expect(card(page, "fondaco-camera")).to_be_visible()
    page.get_by_label("Search").fill("")
    page.get_by_label("Type").select_option("embedding")
    expect(card(page, VECTORS)).to_be_visible()
    expect(card(page, MODEL)).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Type")).to_have_value("embedding")
    expect(card(page, VECTORS)).to_be_visible()
    page.get_by_label("Type").select_option("")
    page.get_by_label("Capability").select_option("End-to-end encrypted")
    expect(card(page, f"e2ee-{MODEL}")).to_be_visible()
    expect(card(page, MODEL)).to_have_count(0)
    page.get_by_label("Search").fill("nothing of this name")
    expect(page.get_by_text("No model matches.")).to_be_visible()


def test_a_model_without_an_engine_that_answers_says_so_and_can_be_left_out(
    served: Dashboard, page: Page, account: str
) -> None:
    log_in_by_link(page, served, "models", account=account)
    expect(card(page, UNREACHABLE)).to_contain_text("Unreachable")
    page.get_by_label("Ready only").check()
    expect(card(page, MODEL)).to_be_visible()
    expect(card(page, UNREACHABLE)).to_have_count(0)
    open_route(page, f"models/{UNREACHABLE}")
    expect(page.get_by_text("None of its engines answers.")).to_be_visible()
    expect(page.get_by_role("link", name="Try it")).to_have_count(0)


def test_a_model_has_a_page_of_its_own(served: Dashboard, page: Page, account: str) -> None:
    log_in_by_link(page, served, "models", account=account)
    page.get_by_role("link", name="SmolLM2 135M Instruct", exact=True).click()
    expect(page.locator("h1")).to_be_focused()
    prices = page.get_by_role("table", name="Prices")
    expect(prices.get_by_role("row", name="Input")).to_contain_text("$0.05")
    expect(prices.get_by_role("row", name="Output")).to_contain_text("$0.15")
    expect(page.get_by_text("Private: only this server's operator")).to_be_visible()
    page.get_by_role("link", name="Try it").click()
    expect(page).to_have_url(re.compile(rf"#/playground\?model={MODEL}$"))
    open_route(page, "models/no-such-model")
    expect(page.get_by_text("No model of this server is called no-such-model.")).to_be_visible()
    expect_accessible(page)


def test_a_session_that_is_no_operators_learns_who_can_help(
    served: Dashboard, page: Page, watch: Watch
) -> None:
    watch.expect(401, "/dashboard/session")
    log_in_by_key(page, served, served.key(kind="INFERENCE"), f"models/{UNREACHABLE}")
    expect(page.get_by_text("None of its engines answers. An operator sees")).to_be_visible()
    open_route(page, f"models/{NOT_INSTALLED}")
    expect(
        page.get_by_text("Its files are not on this machine. An operator pulls them")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Pull")).to_have_count(0)


@pytest.mark.parametrize(
    "model",
    [MODEL, VECTORS, "fondaco-editor", "fondaco-upscaler", "whisper-tiny.en", "fondaco-camera"],
)
def test_the_command_to_copy_runs_as_it_stands(
    served: Dashboard, page: Page, account: str, tmp_path: Path, model: str
) -> None:
    spec = served.program.http.get(f"/api/v1/models/{model}").json()["model_spec"]
    if spec["offline"]:
        pytest.skip(f"{model} is not installed: fondaco models pull {model}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    log_in_by_link(page, served, "models", account=account)
    card(page, model).get_by_role("button", name="Copy curl").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    command = page.evaluate("() => navigator.clipboard.readText()")
    key = served.key(account, "INFERENCE")
    ended = subprocess.run(
        ["bash", "-e", "-c", command.replace("curl ", "curl -fsS ")],
        cwd=tmp_path,
        env={"PATH": os.defpath, "OPENAI_API_KEY": key},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stderr}"
    assert ended.stdout.startswith("{") or any(tmp_path.iterdir())
