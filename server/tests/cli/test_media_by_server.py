"""`fondaco image`, `tts` and `transcribe` by a server: the one of the home, or one at a URL."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


_PAGE = b"<html>Log in to this network</html>"
_COMMANDS = (
    ("made.png", ("image", "A lighthouse")),
    ("made.mp3", ("tts", "Hello.")),
    ("made.mp4", ("jobs", "retrieve", "camera", "1d822de5-0c3b-4247-8f78-fbb2824c65d4")),
)


@contextmanager
def replying(status: int, headers: dict[str, str], body: bytes) -> Iterator[tuple[str, list[str]]]:
    """Run a server that replies the same to every request; give its URL, and the paths it was asked for."""
    asked = list[str]()

    class Reply(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Reply)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(("name", "command"), _COMMANDS)
@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("text/html; charset=utf-8", _PAGE, "a file of type text/html"),
        ("application/octet-stream", b"", "an empty response"),
    ],
)
def test_what_is_no_media_file_is_not_saved_and_stays_at_the_server(  # noqa: PLR0917
    fondaco: Fondaco,
    tmp_path: Path,
    name: str,
    command: tuple[str, ...],
    kind: str,
    body: bytes,
    said: str,
) -> None:
    file = tmp_path / name
    with replying(200, {"Content-Type": kind}, body) as (url, asked):
        ended = fondaco(*command, "-o", str(file), "--url", url)
    assert (ended.code, file.exists()) == (1, False), ended.err
    assert said in ended.err
    assert "/api/v1/video/complete" not in asked


@pytest.mark.parametrize(("name", "command"), _COMMANDS)
def test_a_redirect_is_told_and_not_saved(
    fondaco: Fondaco, tmp_path: Path, name: str, command: tuple[str, ...]
) -> None:
    file, other = tmp_path / name, "https://elsewhere.example/api/v1"
    with replying(301, {"Content-Type": "image/png", "Location": other}, _PAGE) as (url, asked):
        ended = fondaco(*command, "-o", str(file), "--url", url)
    assert (ended.code, file.exists()) == (1, False), ended.err
    assert f"Use the URL that this one leads to: {other}" in ended.err
    assert "/api/v1/video/complete" not in asked
