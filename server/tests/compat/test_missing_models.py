"""A model of the catalogue whose file is not here, and one whose file comes while the server runs."""

from pathlib import Path

import httpx2

from program import MODEL_FILE, Program, model_file, program

QWEN = "qwen2.5-coder-0.5b"
QWEN_FILE = "Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf"


def ask(one: Program, model: str) -> httpx2.Response:
    messages = [{"role": "user", "content": "Count!"}]
    body = {"model": model, "messages": messages, "max_tokens": 2}
    return one.http.post("/api/v1/chat/completions", json=body)


def offline(one: Program) -> set[str]:
    models = one.http.get("/api/v1/models").json()["data"]
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
        assert offline(one) == {QWEN}
        (folder / QWEN_FILE).symlink_to(model_file())  # another model's weights serve as well
        assert ask(one, QWEN).status_code == 200


def test_a_missing_default_model_makes_the_server_not_ready_by_its_name(tmp_path: Path) -> None:
    environ = {"FONDACO_MODELS": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null"}
    with program(tmp_path / "home", environ=environ) as one:
        assert "fondaco models pull smollm2-135m" in one.http.get("/readyz").text
