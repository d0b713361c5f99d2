"""`fondaco chat` without a server: the embedded model runs in the command itself."""

import json
from io import StringIO
from pathlib import Path

import pytest

from cli_program import Fondaco
from fondaco.cli.exits import Exit
from program import model_file

SMALL = {"FONDACO_EMBEDDED__THREADS": "1", "FONDACO_EMBEDDED__CONTEXT_TOKENS": "1024"}


@pytest.fixture(autouse=True)
def nothing_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(""))


@pytest.fixture
def embedded() -> None:
    if not model_file().is_file():
        pytest.skip("the embedded model is not installed")


@pytest.mark.usefixtures("embedded")
def test_an_answer_keeps_to_a_schema(fondaco: Fondaco, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(
        '{"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}},'
        ' "required": ["colour"], "additionalProperties": false}'
    )
    done = fondaco("chat", "The colour of the sky?", "--json-schema", str(schema), **SMALL)
    assert done.code == 0, done.err
    assert json.loads(done.out)["colour"] in ("red", "blue")
    assert "No server runs on this home" in done.err
    assert "no charge" in done.err


@pytest.mark.usefixtures("embedded")
def test_a_home_stays_as_it_was(fondaco: Fondaco) -> None:
    assert fondaco("chat", "Hi there", "--max-tokens", "2", **SMALL).code == 0
    assert not list(fondaco.home.glob("*"))


def test_a_name_that_no_model_has_is_told_with_the_nearest(fondaco: Fondaco) -> None:
    ended = fondaco("chat", "smollm2-135", "Hi")
    assert ended.code == Exit.UNKNOWN
    assert "Did you mean 'smollm2-135m'" in ended.err


def test_a_model_without_its_file_is_told_with_the_command_that_fetches_it(
    fondaco: Fondaco, tmp_path: Path
) -> None:
    ended = fondaco("chat", "Hi there", FONDACO_MODELS=str(tmp_path))
    assert ended.code == Exit.UNREACHABLE
    assert "fondaco models pull smollm2-135m" in ended.err
