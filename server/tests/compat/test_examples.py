"""Every chat example of the API's documents, against the program with the embedded model."""

from collections.abc import Iterator

import pytest

from compat.run_examples import EXAMPLES, run
from program import Program, program

LIMITED = '[models."smollm2-135m"]\nmax_output_tokens = 24\n'
"""The examples name no limit, and stories may be long."""
STRUCTURED = "structured-responses-01.sh"

REFUSED = {
    **dict.fromkeys(
        ("about-venice-13.sh", "about-venice-15.sh", "getting-started-10.sh"),
        "does not take images",
    ),
    **dict.fromkeys(
        ("about-venice-14.py", "getting-started-09.py"),
        "BadRequestError",
    ),
    **dict.fromkeys(
        (
            *("about-venice-16.sh", "about-venice-18.sh", "getting-started-12.sh"),
            STRUCTURED,
        ),
        "Not supported yet",
    ),
    **dict.fromkeys(
        ("about-venice-17.py", "getting-started-11.py"),
        "BadRequestError",
    ),
}
"""Examples that this server cannot answer, with what it says to them."""


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    home = tmp_path_factory.mktemp("examples") / "home"
    home.mkdir(mode=0o700)
    (home / "fondaco.toml").write_text(LIMITED)
    with program(home) as one:
        yield one


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in REFUSED])
def test_an_example_of_the_documents_does_what_its_page_says(limited: Program, name: str) -> None:
    assert run(name, f"{limited.url}/api/v1", limited.api_key).fault == ""


@pytest.mark.parametrize("name", REFUSED)
def test_an_example_beyond_this_server_is_told_why(limited: Program, name: str) -> None:
    outcome = run(name, f"{limited.url}/api/v1", limited.api_key)
    assert outcome.code != 0
    assert REFUSED[name] in outcome.said + outcome.complained


def test_all_examples_are_here() -> None:
    pages = {name.rpartition("-")[0] for name in EXAMPLES}
    assert len(EXAMPLES) == 53
    assert pages == {
        *("about-venice", "api-spec", "getting-started", "model-feature-suffix"),
        *("reasoning-models", "structured-responses"),
    }


def test_an_example_against_nobody_is_a_fault() -> None:
    assert run("api-spec-01.sh", "http://127.0.0.1:9/api/v1", "key").fault != ""


def test_an_example_with_a_wrong_key_is_a_fault(limited: Program) -> None:
    for name in ("api-spec-01.sh", "api-spec-02.py", "about-venice-03.json"):
        assert run(name, f"{limited.url}/api/v1", "wrong").fault != ""
