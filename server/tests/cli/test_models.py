"""The catalogue and the model files from the command line."""

from pathlib import Path

import pytest

from cli_program import Fondaco
from fondaco.cli.exits import Exit

SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def gguf(path: Path) -> Path:
    path.write_bytes(b"GGUF and nothing else")
    return path


def installed(fondaco: Fondaco, folder: Path) -> dict[str, object]:
    rows = fondaco("models", "list", "--json", FONDACO_MODELS=str(folder)).json
    assert isinstance(rows, list)
    return {row["id"] or row["name"]: row["installed"] for row in rows}


def test_the_list_says_which_models_are_here(fondaco: Fondaco, folder: Path) -> None:
    names = ("qwen2.5-coder-0.5b", "smollm2-135m", "all-minilm-l6-v2", "multilingual-e5-small")
    encrypted = ("e2ee-qwen2.5-coder-0.5b", "e2ee-smollm2-135m")
    media = ("fondaco-upscaler", "kokoro-82m")
    without = ("fondaco-painter", "fondaco-voice", "fondaco-editor", "fondaco-camera")
    assert installed(fondaco, folder) == {
        **dict.fromkeys((*names, *encrypted, *media, "whisper-tiny.en", "whisper-base"), False),
        **dict.fromkeys(without),
    }
    gguf(folder / SMOLLM2)
    here = installed(fondaco, folder)
    assert here["smollm2-135m"] is here["e2ee-smollm2-135m"] is True


def test_the_list_names_files_that_no_model_uses(fondaco: Fondaco, folder: Path) -> None:
    gguf(folder / "mine.gguf")
    assert installed(fondaco, folder)["mine.gguf"] is True


def test_the_list_says_what_a_file_is_for_that_no_model_uses(
    fondaco: Fondaco, folder: Path
) -> None:
    (folder / "open-nsfw.onnx").write_bytes(b"a classifier")
    rows = fondaco("models", "list", "--json", FONDACO_MODELS=str(folder)).json
    assert isinstance(rows, list)
    assert {row["name"]: row["type"] for row in rows}["open-nsfw.onnx"] == "safe mode"


def test_show_finds_a_model_by_any_of_its_names(fondaco: Fondaco, folder: Path) -> None:
    gguf(folder / SMOLLM2)
    for name in ("smollm2-135m", "default", "gpt-4o"):
        row = fondaco("models", "show", name, "--json", FONDACO_MODELS=str(folder)).json
        assert isinstance(row, dict)
        assert (row["id"], row["usdPerMillionInput"]) == ("smollm2-135m", "0.05")


def test_show_finds_what_answers_for_a_retired_model(
    fondaco: Fondaco, folder: Path, tmp_path: Path
) -> None:
    config = tmp_path / "ended.toml"
    config.write_text(
        '[models."qwen2.5-coder-0.5b".deprecation]\n'
        'announced = 2025-01-01\nsunset = 2025-02-01\nreplacement = "smollm2-135m"\n'
    )
    asked = ("--config", str(config), "--json")
    shown = fondaco("models", "show", "qwen2.5-coder-0.5b", *asked).json
    assert isinstance(shown, dict)
    assert (shown["id"], shown["sunset"]) == ("smollm2-135m", None)
    listed = fondaco("models", "list", *asked).json
    assert isinstance(listed, list)
    assert {row["id"]: row["sunset"] for row in listed if row["sunset"]} == {
        "qwen2.5-coder-0.5b": "2025-02-01",
        "e2ee-qwen2.5-coder-0.5b": "2025-02-01",
    }


def test_show_finds_an_embedding_model_by_any_of_its_names(fondaco: Fondaco, folder: Path) -> None:
    (folder / "all-MiniLM-L6-v2.int8.onnx").touch()
    for name in ("all-minilm-l6-v2", "text-embedding-3-small"):
        row = fondaco("models", "show", name, "--json", FONDACO_MODELS=str(folder)).json
        assert isinstance(row, dict)
        assert (row["id"], row["type"], row["contextTokens"]) == (
            "all-minilm-l6-v2",
            "embedding",
            512,
        )
        assert row["installed"] is False, "its tokenizer is missing"


def test_show_says_what_an_unknown_name_may_mean(fondaco: Fondaco) -> None:
    ended = fondaco("models", "show", "smolm2-135m")
    assert (ended.code, len(ended.err.splitlines())) == (5, 1)
    assert "'smollm2-135m'" in ended.err


def test_a_name_that_is_not_known_is_searched_and_added(fondaco: Fondaco) -> None:
    ended = fondaco("models", "pull", "llama3.2")
    assert ended.code == Exit.UNKNOWN
    assert "fondaco models search" in ended.err
    assert "fondaco models add hf:OWNER/REPO" in ended.err


def test_a_local_file_is_pulled_and_removed(fondaco: Fondaco, folder: Path, tmp_path: Path) -> None:
    source = str(gguf(tmp_path / "mine.gguf"))
    pulled = fondaco("models", "pull", source, "--json", FONDACO_MODELS=str(folder)).json
    assert pulled == {"file": str(folder / "mine.gguf"), "bytes": 21}
    assert fondaco("models", "rm", "mine.gguf", FONDACO_MODELS=str(folder)).code == 0
    assert not (folder / "mine.gguf").exists()


def test_a_model_is_removed_by_its_id(fondaco: Fondaco, folder: Path) -> None:
    gguf(folder / SMOLLM2)
    assert fondaco("models", "rm", "smollm2-135m", FONDACO_MODELS=str(folder)).code == 0
    assert not (folder / SMOLLM2).exists()


def test_a_source_that_is_nothing_exits_with_5(fondaco: Fondaco, folder: Path) -> None:
    ended = fondaco("models", "pull", "nothing-like-it", FONDACO_MODELS=str(folder))
    assert (ended.code, len(ended.err.splitlines())) == (5, 1)


def test_a_file_that_cannot_be_fetched_exits_with_6(
    fondaco: Fondaco, folder: Path, tmp_path: Path
) -> None:
    source = tmp_path / "mine.gguf"
    source.write_text("no model")
    ended = fondaco("models", "pull", str(source), FONDACO_MODELS=str(folder))
    assert ended.code == 6
    assert ended.err.splitlines()[-1].startswith("fondaco: ")
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "source",
    ["", "http://", "http://[bad/x.gguf", "ftp://h/x.gguf", "~no-such-user/x.gguf", "no/such.gguf"],
)
def test_what_is_no_source_of_a_model_is_one_line(
    fondaco: Fondaco, tmp_path: Path, source: str
) -> None:
    ended = fondaco("models", "pull", source, FONDACO_MODELS=str(tmp_path / "models"))
    assert ended.code in (5, 6)
    assert len(ended.err.splitlines()) == 1
