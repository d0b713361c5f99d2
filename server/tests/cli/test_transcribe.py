"""`fondaco transcribe`: a recording written down by the smallest Whisper, without a server."""

import json
from pathlib import Path

import pytest

pytest.importorskip("faster_whisper", reason="the extra `transcription` is not installed")

from cli_program import Fondaco
from program import model_file
from recordings import encoded, said, silence, understood, wav

TINY = "whisper-tiny.en"


@pytest.fixture
def recording(tmp_path: Path) -> str:
    if not model_file(f"{TINY}.bin").is_file():
        pytest.skip(f"the model is not installed: run `fondaco models pull {TINY}`")
    file = tmp_path / "said.mp3"
    file.write_bytes(encoded(said(), "mp3", "libmp3lame", 44_100))
    return str(file)


def test_a_recording_is_written_down(fondaco: Fondaco, recording: str, tmp_path: Path) -> None:
    told = fondaco("transcribe", recording, "--model", TINY)
    assert (told.code, understood(told.out)) == (0, True), told.err
    file = tmp_path / "said.json"
    options = ("--model", TINY, "--format", "json", "-o", str(file))
    assert f"3.9 s by {TINY}" in fondaco("transcribe", recording, *options).out
    shown = json.loads(file.read_text())
    assert understood(shown["text"])
    assert len(shown["words"]) >= 7
    assert not (fondaco.home / "fondaco.db").exists()


def test_a_missing_model_is_one_line(fondaco: Fondaco, tmp_path: Path) -> None:
    file = tmp_path / "silence.wav"
    file.write_bytes(wav(silence(1)))
    outcome = fondaco("transcribe", str(file), FONDACO_MODELS=str(tmp_path))
    assert outcome.code == 6
    [line] = outcome.err.splitlines()
    assert "fondaco models pull whisper-base" in line


@pytest.mark.parametrize(
    ("options", "slip"),
    [
        (["--format", "mp3"], (2, "for '--format': 'mp3' is not one of")),
        (["--model", "nothing"], (5, "fondaco models list")),
        (["-o", "nowhere/said.txt"], (1, "folder 'nowhere' does not exist")),
        (["--model", TINY, "--translate"], (1, "does not translate")),
        (["--model", TINY, "--language", "fr"], (1, "supports only en")),
    ],
)
def test_a_slip_is_one_line(
    fondaco: Fondaco, tmp_path: Path, options: list[str], slip: tuple[int, str]
) -> None:
    code, says = slip
    file = tmp_path / "silence.wav"
    file.write_bytes(wav(silence(1)))
    outcome = fondaco("transcribe", str(file), *options)
    assert outcome.code == code, outcome.err
    assert says in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err
    assert "--force" in fondaco("transcribe", str(file), "-o", str(file)).err


def test_what_is_no_recording_is_told(fondaco: Fondaco, tmp_path: Path) -> None:
    file = tmp_path / "text.mp3"
    assert "cannot be read" in fondaco("transcribe", str(file)).err
    file.write_text("no recording")
    outcome = fondaco("transcribe", str(file), "--model", TINY)
    assert (outcome.code, "flac, mp3" in outcome.err) == (1, True)
