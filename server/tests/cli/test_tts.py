"""`fondaco tts`: a text read aloud into a file, by the built-in voice, without a server."""

from io import BytesIO, StringIO
from pathlib import Path

import pytest

pytest.importorskip("hibari", reason="the extra `speech` is not installed")

import av

from cli_program import Fondaco


def test_a_text_is_read_aloud_in_the_format_of_the_files_name(
    fondaco: Fondaco, tmp_path: Path
) -> None:
    file = tmp_path / "hello.flac"
    told = fondaco("tts", "Hello. How are you?", "-o", str(file), "--speed", "2", "--json").json
    assert isinstance(told, dict)
    seconds = told.pop("seconds")
    assert told == {
        "file": str(file),
        "model": "fondaco-voice",
        "voice": "af_heart",
        "ignored": [],
    }
    with av.open(BytesIO(file.read_bytes()), "r") as container:
        assert container.format.name == "flac"
        assert (container.duration or 0) / 1_000_000 == pytest.approx(seconds, abs=0.002)
    assert not (fondaco.home / "fondaco.db").exists()


def test_another_voice_and_instructions_that_are_not_heeded_are_told(
    fondaco: Fondaco, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hello.wav"
    file.write_bytes(b"mine")
    more = ("--voice", "bm_george", "--instructions", "Whisper.", "--force")
    monkeypatch.setattr("sys.stdin", StringIO("Hello."))
    told = fondaco("tts", "-", "-o", str(file), *more)
    assert (told.code, file.read_bytes()[:4]) == (0, b"RIFF")
    assert "voice af_heart" in told.out
    assert "has no voice 'bm_george'" in told.err
    assert "does not support instructions" in told.err


@pytest.mark.parametrize(
    ("text", "options", "slip"),
    [
        ("Hi", ["-o", "hello.ogg"], (2, ".opus")),
        ("Hi", ["-o", "nowhere/hello.mp3"], (1, "folder 'nowhere' does not exist")),
        ("Hi", ["-o", "/"], (1, "is a folder")),
        ("", [], (2, "TEXT is empty")),
        ("x" * 4_097, [], (2, "4,096")),
        ("Hi", ["--speed", "5"], (2, "less than or equal to 4")),
        ("Hi", ["--voice", "darth"], (1, "no voice is called 'darth'")),
        ("Hi", ["--model", "nothing"], (5, "fondaco models list")),
        ("...", [], (1, "can be read aloud")),
    ],
)
def test_a_slip_is_one_line(
    fondaco: Fondaco, tmp_path: Path, text: str, options: list[str], slip: tuple[int, str]
) -> None:
    code, says = slip
    file = tmp_path / "hello.mp3"
    outcome = fondaco("tts", text, "-o", str(file), *options)
    assert outcome.code == code, outcome.err
    assert says in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err
    assert not file.exists()
    file.write_bytes(b"mine")
    assert "--force" in fondaco("tts", "Hi", "-o", str(file)).err
