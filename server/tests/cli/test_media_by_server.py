"""`fondaco image`, `tts` and `transcribe` by a server: the one of the home, or one at a URL."""

from pathlib import Path

import pytest

from cli_program import Fondaco
from fake_upstream import FakeUpstream, in_thread, raw
from program import Program


@pytest.fixture
def of_server(served: Program) -> Fondaco:
    return Fondaco(served.home)


def test_the_server_of_the_home_draws_and_charges(
    of_server: Fondaco, served: Program, tmp_path: Path
) -> None:
    file = tmp_path / "image.png"
    more = ("--size", "256x256", "--seed", "7", "--style", "Oil Painting", "--negative", "a boat")
    told = of_server("image", "A lighthouse", "-o", str(file), *more, "--json").json
    assert told == {
        "file": str(file),
        "model": "fondaco-painter",
        "seed": 7,
        "understood": True,
        "ignored": [],
    }
    assert file.read_bytes().startswith(b"\x89PNG")
    assert any("image" in one.sku for one in served.charged())


def test_the_server_of_the_home_speaks_and_charges(
    of_server: Fondaco, served: Program, tmp_path: Path
) -> None:
    pytest.importorskip("hibari", reason="the extra `speech` is not installed")
    file = tmp_path / "hello.wav"
    told = of_server("tts", "Hello.", "-o", str(file), "--voice", "bm_george")
    assert told.code == 0, told.err
    assert "by fondaco-voice, voice af_heart" in told.out
    assert "has no voice 'bm_george'" in told.err
    assert file.read_bytes().startswith(b"RIFF")
    assert any("tts" in one.sku for one in served.charged())


def test_a_refusal_of_the_server_is_one_line(of_server: Fondaco, tmp_path: Path) -> None:
    file = tmp_path / "image.png"
    ended = of_server("image", "A lighthouse", "-o", str(file), "--size", "999x999")
    assert ended.code == 1
    [line] = ended.err.splitlines()
    assert line.startswith("fondaco: ")
    assert not file.exists()
    unknown = of_server("tts", "Hi", "-o", str(tmp_path / "a.mp3"), "--model", "nothing")
    assert unknown.code == 5
    assert "fondaco models list" in unknown.err


@pytest.mark.parametrize(
    ("options", "field", "kind"),
    [
        ((), "transcriptions", "text"),
        (("--format", "srt", "--language", "en", "--prompt", "Fondaco"), "transcriptions", "srt"),
        (("--format", "json"), "transcriptions", "verbose_json"),
        (("--translate",), "translations", "text"),
    ],
)
def test_a_server_at_a_url_writes_down(
    fondaco: Fondaco, tmp_path: Path, options: tuple[str, ...], field: str, kind: str
) -> None:
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"RIFF....")
    with in_thread(FakeUpstream()) as fake:
        arguments = (str(recording), "--model", "toy", *options, "--url", fake.base_url)
        done = fondaco("transcribe", *arguments)
        assert done.code == 0, done.err
        assert done.out.strip()
        [asked] = fake.heard if field == "transcriptions" else fake.translated
    assert f'name="response_format"\r\n\r\n{kind}\r\n'.encode() in asked.content
    assert b"\r\n\r\nRIFF....\r\n--" in asked.content


def test_a_transcript_steers_no_terminal(fondaco: Fondaco, tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"RIFF....")
    body = "one\x1b]0;title\x07\x9b2J\u202e\r\ntwo\n".encode() + b"\xff"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    with in_thread(FakeUpstream()) as fake:
        fake.hear_next.append(raw(head.encode() + body))
        done = fondaco("transcribe", str(recording), "--model", "toy", "--url", fake.base_url)
    assert (done.code, done.out) == (0, "one]0;title2J\ntwo\n\ufffd\n"), done.err
