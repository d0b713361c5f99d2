"""Every chat example of the API's documents, against the program with the embedded model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from compat.run_examples import EXAMPLES, Outcome, run
from fake_upstream import FakeUpstream, in_thread
from interpreter import Interpreter, interpreter
from program import Program, program

LIMITED = """
[models."smollm2-135m"]
temperature = 0
max_output_tokens = {most}
"""
"""The examples name no limit, and stories may be long."""
SEEING = """
[engines.eyes]
base_url = "{url}"
models = {{ "mistral-31-24b" = "toy" }}
[models."mistral-31-24b"]
name = "Mistral 3.1 24B"
engines = ["eyes"]
context_tokens = 8192
vision = true
price = {{ input = 0.50, output = 2.00 }}
[web]
images = false
"""
"""A model that sees, and no way out to the image that one page names."""
STRUCTURED = "structured-responses-01.sh"
SHOWING = [
    *("about-venice-13.sh", "about-venice-14.py", "about-venice-15.sh"),
    *("getting-started-09.py", "getting-started-10.sh"),
]
FETCHING = ["getting-started-09.py", "getting-started-10.sh"]
"""Those whose image is not in the request."""
OF_EACH_KIND = ("about-venice-01.sh", "getting-started-06.sh", "getting-started-12.sh")
"""A whole answer, a stream, and a call of a function."""
Ran = Callable[[Program, str], Outcome]
PLAIN = [name for name in EXAMPLES if name not in {STRUCTURED, *SHOWING}]


def home_with(folder: Path, settings: str) -> Path:
    home = folder / "home"
    home.mkdir(mode=0o700)
    (home / "fondaco.toml").write_text(settings)
    return home


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("limited")
    with program(home_with(folder, LIMITED.format(most=8))) as one:
        yield one


@pytest.fixture(scope="module")
def over_uvicorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("limited")
    with program(home_with(folder, LIMITED.format(most=8)), front="uvicorn") as one:
        yield one


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("seeing")
    with in_thread(FakeUpstream()) as fake:
        settings = LIMITED.format(most=300) + SEEING.format(url=fake.base_url)
        with program(home_with(folder, settings)) as one:
            yield one


@pytest.fixture(scope="module")
def python() -> Iterator[Interpreter]:
    with interpreter("openai") as one:
        yield one


@pytest.fixture
def ran(python: Interpreter) -> Ran:
    return lambda one, name: run(name, f"{one.url}/api/v1", one.api_key, python)


@pytest.mark.parametrize("name", PLAIN)
def test_an_example_of_the_documents_does_what_its_page_says(
    ran: Ran, limited: Program, name: str
) -> None:
    assert ran(limited, name).fault == ""


@pytest.mark.parametrize(
    "name",
    [
        name if name in OF_EACH_KIND else pytest.param(name, marks=pytest.mark.long)
        for name in PLAIN
        if name.endswith(".sh")
    ],
)
def test_an_example_does_the_same_over_uvicorn(ran: Ran, over_uvicorn: Program, name: str) -> None:
    assert ran(over_uvicorn, name).fault == ""


@pytest.mark.parametrize("name", SHOWING)
def test_a_model_without_eyes_is_shown_no_image(ran: Ran, limited: Program, name: str) -> None:
    refused = ran(limited, name)
    assert refused.code != 0
    assert "does not take images" in refused.said or "BadRequestError" in refused.complained


@pytest.mark.parametrize("name", [name for name in SHOWING if name not in FETCHING])
def test_an_image_of_the_documents_is_shown_to_a_model_that_sees(
    ran: Ran, seeing: Program, name: str
) -> None:
    assert ran(seeing, name).fault == ""


def test_an_image_that_cannot_be_fetched_is_said_so(ran: Ran, seeing: Program) -> None:
    refused = ran(seeing, "getting-started-10.sh")
    assert refused.code != 0
    assert "Fetching URLs is disabled" in refused.said


def test_a_structured_response_has_the_form_that_its_page_asks_for(
    ran: Ran, seeing: Program
) -> None:
    assert ran(seeing, STRUCTURED).fault == ""


def test_all_examples_are_here() -> None:
    pages = {name.rpartition("-")[0] for name in EXAMPLES}
    assert len(EXAMPLES) == 53
    assert pages == {
        *("about-venice", "api-spec", "getting-started", "model-feature-suffix"),
        *("reasoning-models", "structured-responses"),
    }


@pytest.mark.parametrize("name", ["api-spec-01.sh", "api-spec-02.py", "about-venice-03.json"])
def test_an_example_without_a_server_is_a_fault(python: Interpreter, name: str) -> None:
    assert run(name, "http://127.0.0.1:9/api/v1", "key", python).fault != ""


def test_an_example_with_a_wrong_key_is_a_fault(python: Interpreter, limited: Program) -> None:
    for name in ("api-spec-01.sh", "api-spec-02.py", "about-venice-03.json"):
        assert run(name, f"{limited.url}/api/v1", "wrong", python).fault != ""
