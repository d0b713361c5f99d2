"""The promise: what is said is found nowhere, in no form, whatever became of the call."""

import base64
import contextlib
import gzip
import io
import json
import os
import secrets
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fondaco.stores.home import Home
from fondaco.web.library import Library
from program import Front, Program, model_file, program, until

CANARY = "kanarie" + secrets.token_hex(6)
EMBEDDING_MODEL = "all-minilm-l6-v2"
LOGGED = {"time", "level", "logger", "event", "fields"}


def forms(text: str) -> list[bytes]:
    """Return how the text may lie on a disk: plain, hex, UTF-16, base64 at three offsets."""
    plain = text.encode()
    inner = [base64.b64encode(b"x" * offset + plain)[4:-4] for offset in range(3)]
    return [plain, plain.hex().encode(), text.encode("utf-16-le"), *inner]


def files_below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path


def open_files(pid: int) -> Iterator[Path]:
    """Yield the files that a process has open, deleted ones included: for root alone to see."""
    if os.geteuid() != 0:
        return  # the server made itself undumpable, so its user may not look
    try:
        links = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return  # the child has ended since it was listed
    for link in links:
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith("/") and not target.startswith("/dev/"):
            yield link


def holds(path: Path, wanted: list[bytes]) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    with contextlib.suppress(OSError, EOFError):
        content += gzip.decompress(content)
    return any(output_format in content for output_format in wanted)


def call(one: Program, **fields: object) -> httpx2.Response:
    body = {
        "model": "default",
        "messages": [{"role": "user", "content": f"Repeat: {CANARY}"}],
        "max_tokens": 2,
        **fields,
    }
    return one.http.post("/api/v1/chat/completions", json=body)


def environ(scratch: Path, port: int, log_format: str) -> dict[str, str]:
    return {
        "FONDACO_SERVER__LOG_LEVEL": "debug",
        "FONDACO_SERVER__LOG_FORMAT": log_format,
        "FONDACO_SERVER__ACCESS_LOG": "true",
        "FONDACO_LIMITS__FAILURES": "0",  # most of what is said here is refused
        "TMPDIR": str(scratch),
        "FONDACO_WEB__NETWORKS": "127.0.0.1",
        "FONDACO_WEB__PORTS": f"80,{port}",
    }


def hang_up(one: Program) -> None:
    body = {
        "model": "default",
        "messages": [{"role": "user", "content": f"Repeat: {CANARY}"}],
        "max_tokens": 200,
        "stream": True,
    }
    with one.http.stream("POST", "/api/v1/chat/completions", json=body) as reply:
        next(reply.iter_lines())


class Pages(BaseHTTPRequestHandler):
    """A site whose every page holds the canary."""

    def do_GET(self) -> None:
        self.send_response(200 if "gone" not in self.path else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<title>{CANARY}</title><p>The {CANARY} sings.</p>".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def site() -> Iterator[int]:
    """Serve pages on loopback; yield the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def read_pages(one: Program, port: int) -> None:
    """Have pages read, and one that is not there."""
    page = f"http://127.0.0.1:{port}/{CANARY}"
    said = [{"role": "user", "content": f"Read {page} and {page}/gone"}]
    reply = call(one, messages=said, venice_parameters={"enable_web_scraping": True})
    assert reply.status_code == 200
    (note,) = reply.json()["venice_parameters"]["web_notes"]
    assert note["code"] == "PAGE_STATUS"
    assert [row.units for row in one.charged() if row.sku.endswith("-web-scrape-call")] == [1]


def search(one: Program) -> None:
    """Have the library searched: for what it has, beside the canary, and for what it has not."""
    for said, found in ((f"Bring pepper to {CANARY}", 1), (CANARY, 0)):
        messages = [{"role": "user", "content": said}]
        reply = call(one, messages=messages, venice_parameters={"enable_web_search": "on"})
        assert reply.status_code == 200
        assert len(reply.json()["venice_parameters"]["web_search_citations"]) == found


def wish(one: Program) -> None:
    """Say the canary in schemas, functions and images: some are taken, some refused."""
    schema = {"type": "object", "properties": {CANARY: {"enum": [CANARY]}}, "required": [CANARY]}
    function = {"name": "f", "description": CANARY, "parameters": schema, "strict": True}
    image = f"data:image/png;base64,{base64.b64encode(CANARY.encode()).decode()}"
    shown = [{"type": "image_url", "image_url": {"url": image}}]
    signed = {
        "extra_content": {"a": CANARY},
        "reasoning_details": [{"data": CANARY, "text": CANARY}],
    }
    answered = {"role": "assistant", "content": None, "refusal": CANARY, CANARY: 1, **signed}
    lost = {"type": "array", "uniqueItems": True, "items": {"const": CANARY}}
    asked: dict[str, dict[str, object]] = {
        "gives back": {"messages": [{"role": "user", "content": "Hi"}, answered]},
        "cannot be fully enforced": {
            "response_format": {"type": "json_schema", "json_schema": lost}
        },
        "fits": {"response_format": {"type": "json_schema", "json_schema": schema}},
        "leads away": {
            "response_format": {"type": "json_schema", "json_schema": {"$ref": f"http://{CANARY}"}}
        },
        "calls": {"tools": [{"type": "function", "function": function}], "tool_choice": "required"},
        "shows": {"messages": [{"role": "user", "content": shown}]},
    }
    taken = {name: call(one, **fields).status_code for name, fields in asked.items()}
    assert taken == {
        "gives back": 200,
        "cannot be fully enforced": 400,
        "fits": 200,
        "leads away": 400,
        "calls": 200,
        "shows": 400,
    }


def constraint(one: Program) -> None:
    """Say the canary in guides and templates: some are followed, some refused."""
    asked: dict[str, tuple[str, str, int]] = {
        "regex": ("guided_regex", f"{CANARY}[ab]", 200),
        "no regex": ("guided_regex", f"({CANARY}", 400),
        "grammar": ("guided_grammar", f'start: "{CANARY}"', 200),
        "no grammar": ("guided_grammar", f"start: {CANARY}", 400),
        "template": ("chat_template", f"{CANARY} {{{{ messages[0].content }}}}", 200),
        "no template": ("chat_template", f"{{{{ raise_exception('{CANARY}') }}}}", 400),
    }
    for name, (field, value, status) in asked.items():
        messages = [{"role": "user", "content": CANARY}]
        body = {"model": "default", "messages": messages, "max_tokens": 2, field: value}
        reply = one.http.post("/v4/beta/chat/completions", json=body)
        assert reply.status_code == status, name


def edit(one: Program) -> None:
    """Say the canary in pictures, names of files and instructions: in forms and JSON, most of which are refused."""
    exif = Image.Exif()
    exif[0x010E] = CANARY
    out = io.BytesIO()
    Image.new("RGB", (256, 256), "teal").save(out, "PNG", exif=exif, pnginfo=_texts())
    file = out.getvalue()
    named = (f"{CANARY}.png", file, "image/png")
    asked: list[tuple[str, dict[str, str], dict[str, tuple[str, bytes, str]]]] = [
        ("/api/v1/image/edit", {"prompt": f"Brighten it, {CANARY}"}, {"image": named}),
        ("/api/v1/image/edit", {"prompt": CANARY}, {"image": (CANARY, CANARY.encode(), CANARY)}),
        ("/api/v1/image/edit", {"prompt": CANARY, CANARY: CANARY}, {"image": named}),
        ("/api/v1/image/edit", {"prompt": CANARY}, {"image": ("a", file[:-9], "image/png")}),
        ("/api/v1/image/upscale", {"enhancePrompt": CANARY, "scale": "1.2"}, {"image": named}),
        ("/api/v1/image/upscale", {"scale": CANARY}, {"image": named}),
        ("/v1/images/edits", {"prompt": CANARY, "user": CANARY}, {"image[]": named, "mask": named}),
    ]
    for path, fields, files in asked:
        reply = one.http.post(path, data=fields, files=files)
        assert CANARY in fields or CANARY not in reply.text, path  # a field's name may be named
    body = {"prompt": CANARY, "image": base64.b64encode(CANARY.encode()).decode()}
    assert one.http.post("/api/v1/image/edit", json=body).status_code in (400, 404)


def _texts() -> PngInfo:
    texts = PngInfo()
    texts.add_text("Comment", CANARY)
    return texts


def embed(one: Program) -> None:
    """Embed the canary: as a text, among others, and in requests that are refused."""
    if not model_file("all-MiniLM-L6-v2.int8.onnx").is_file():
        return
    asked: dict[str, tuple[dict[str, object], int]] = {
        "a text": ({"input": CANARY, "user": CANARY}, 200),
        "several": ({"input": [CANARY, f"{CANARY} again"], "encoding_format": "base64"}, 200),
        "too long": ({"input": f"{CANARY} " * 600}, 400),
        "no tokens": ({"input": [CANARY, 1]}, 400),
        "no format": ({"input": CANARY, "encoding_format": CANARY}, 400),
        "no such dimensions": ({"input": CANARY, "dimensions": 3}, 400),
        "unknown field": ({"input": CANARY, CANARY: CANARY}, 200),
    }
    for name, (fields, status) in asked.items():
        reply = one.http.post("/api/v1/embeddings", json={"model": EMBEDDING_MODEL, **fields})
        assert reply.status_code == status, name
        assert CANARY not in reply.text


def complete(one: Program) -> None:
    """Have the canary continued: whole, echoed, scored and streamed, and in requests that are refused."""
    asked: dict[str, tuple[dict[str, object], int]] = {
        "a text": ({"prompt": CANARY, "user": CANARY, "stop": CANARY}, 200),
        "several": ({"prompt": [CANARY, f"{CANARY} again"], "n": 2, "best_of": 2}, 200),
        "scored": ({"prompt": CANARY, "echo": True, "logprobs": 1, "max_tokens": 0}, 200),
        "stream": ({"prompt": CANARY, "stream": True}, 200),
        "no middle": ({"prompt": "Hi", "suffix": CANARY}, 400),
        "no prompt": ({"prompt": [CANARY, 1]}, 400),
        "too long": ({"prompt": f"{CANARY} " * 400}, 400),
    }
    for name, (fields, status) in asked.items():
        body = {"model": "default", "max_tokens": 2, **fields}
        reply = one.http.post("/v1/completions", json=body)
        assert reply.status_code == status, name
        assert status == 200 or CANARY not in reply.text


def respond(one: Program) -> None:
    """Say the canary in every item of a response's request, some of which are refused."""
    said = {"role": "user", "content": [{"type": "input_text", "text": CANARY}]}
    history = [
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": CANARY}]},
        {"type": "reasoning", "encrypted_content": f"fondaco.{CANARY}"},
        {
            "type": "function_call",
            "call_id": CANARY,
            "name": "f",
            "arguments": f'{{"a":"{CANARY}"}}',
        },
        {"type": "function_call_output", "call_id": CANARY, "output": CANARY},
    ]
    tool = {"type": "function", "name": "f", "description": CANARY}
    asked: dict[str, tuple[dict[str, object], int]] = {
        "a text": ({"input": CANARY, "instructions": CANARY, "metadata": {CANARY: CANARY}}, 200),
        "a stream": ({"input": CANARY, "stream": True, "user": CANARY}, 200),
        "items": ({"input": [said, *history, said], "tools": [tool], CANARY: CANARY}, 200),
        "no item": ({"input": [{"type": CANARY}]}, 400),
        "a file": ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, 400),
        "a reference": ({"input": [{"type": "item_reference", "id": CANARY}]}, 400),
        "a previous one": ({"input": CANARY, "previous_response_id": CANARY}, 400),
        "no format": ({"input": CANARY, "text": {"format": {"type": CANARY}}}, 400),
        "too long": ({"input": f"{CANARY} " * 400}, 400),
    }
    for name, (fields, status) in asked.items():
        body = {"model": "default", "max_output_tokens": 2, **fields}
        reply = one.http.post("/v1/responses", json=body)
        assert reply.status_code == status, (name, reply.text)
        assert status == 200 or CANARY not in reply.text, name
    assert one.http.get(f"/v1/responses/{CANARY}").status_code == 404


def message(one: Program) -> None:
    """Say the canary in messages of Anthropic's API and in a count: some are taken, some refused."""
    said = [{"role": "user", "content": [{"type": "text", "text": CANARY, CANARY: 1}]}]
    tool = {"name": "f", "description": CANARY, "input_schema": {"type": "object"}}
    use = {"type": "tool_use", "id": CANARY, "name": "f", "input": {CANARY: CANARY}}
    result = {"type": "tool_result", "tool_use_id": CANARY, "content": CANARY, "is_error": True}
    thought = {"type": "thinking", "thinking": CANARY, "signature": CANARY}
    turns = [
        {"role": "assistant", "content": [thought, use]},
        {"role": "user", "content": [result]},
    ]
    asked: dict[str, tuple[dict[str, object], int]] = {
        "a message": ({"system": CANARY, "stop_sequences": [CANARY]}, 200),
        "a stream": ({"stream": True, "metadata": {"user_id": CANARY}}, 200),
        "turns with tools": ({"messages": [*said, *turns]}, 200),
        "a prefill": ({"messages": [*said, {"role": "assistant", "content": CANARY}]}, 200),
        "unknown field": ({CANARY: CANARY}, 200),
        "no such tool": ({"tools": [tool], "tool_choice": {"type": "tool", "name": CANARY}}, 400),
        "no such type": ({"tools": [{"type": CANARY, "name": CANARY}]}, 400),
        "no such block": ({"messages": [{"role": "user", "content": [{"type": CANARY}]}]}, 400),
        "no number": ({"temperature": CANARY}, 400),
        "too long": ({"messages": [{"role": "user", "content": CANARY * 400}]}, 400),
    }
    for name, (fields, status) in asked.items():
        body = {"model": "default", "max_tokens": 2, "messages": said, **fields}
        reply = one.http.post("/v1/messages", json=body)
        assert reply.status_code == status, name
        if status != 200:
            assert CANARY not in reply.text, name
    body = {"model": "default", "messages": said}
    assert one.http.post("/v1/messages/count_tokens", json=body).status_code == 200


def talk_in_every_way(one: Program) -> str:
    """Send the canary through success, refusals, hang-up and engine failure; return the replies."""
    said = [
        call(one, stop=[CANARY], user=CANARY).text,
        call(one, temperature=CANARY).text,
        call(one, model=CANARY).text.replace(CANARY, ""),  # the name asked for may be named
        call(one, **{CANARY: 1}).text,
        one.http.post(f"/{CANARY}").text.replace(CANARY, ""),
        one.http.get("/api/v1/models", params={"type": CANARY}).text,
        one.http.post("/api/v1/chat/completions", content=CANARY).text,
        one.http.post(
            "/api/v1/chat/completions",
            content=f'{{"{CANARY}',
            headers={"Content-Type": "application/json"},
        ).text,
        call(one, messages=[{"role": "user", "content": CANARY * 400}]).text,
    ]
    hang_up(one)
    os.kill(one.children()[0], signal.SIGKILL)
    said.append(call(one).text)
    return json.dumps(said)


def expect_numbers_alone(logged: str, log_format: str) -> None:
    """Expect that the log told of calls, and nothing of what was said in them."""
    assert CANARY not in logged
    assert logged.count("/api/v1/chat/completions") > 10
    if log_format == "json":
        lines = [json.loads(line) for line in logged.splitlines() if line.startswith("{")]
        assert all(line.keys() == LOGGED for line in lines)


def speak(one: Program) -> None:
    """Have the canary read aloud: whole, streamed and given up, and in requests that are refused."""
    if find_spec("hibari") is None:
        return
    asked: dict[str, tuple[dict[str, object], int]] = {
        "a file": ({"input": CANARY, "instructions": CANARY}, 200),
        "a stream": (
            {"input": f"{CANARY}. " * 3, "streaming": True, "response_format": "pcm"},
            200,
        ),
        "events": ({"input": CANARY, "stream_format": "sse"}, 200),
        "no voice": ({"input": CANARY, "voice": "x"}, 400),
        "no format": ({"input": CANARY, "response_format": CANARY}, 400),
        "no word": ({"input": f"<{CANARY}>"}, 400),
        "too long": ({"input": CANARY * 400}, 400),
    }
    for name, (fields, status) in asked.items():
        reply = one.http.post("/api/v1/audio/speech", json=fields)
        assert reply.status_code == status, name
        assert CANARY.encode() not in reply.content, name
    body = {"input": f"{CANARY}. " * 100, "streaming": True, "response_format": "pcm"}
    with one.http.stream("POST", "/api/v1/audio/speech", json=body) as given_up:
        next(given_up.iter_bytes())


def transcribe(one: Program) -> None:
    """Send recordings with the canary in names, tags and prompts: some are written down, some refused."""
    if find_spec("av") is None or not model_file("whisper-tiny.en.bin").is_file():
        return
    from recordings import silence, wav  # noqa: PLC0415 - it needs what may not be installed

    file = wav(silence(0.5)) + b"LIST" + len(CANARY).to_bytes(4, "little") + CANARY.encode()
    model = {"model": "whisper-tiny.en"}
    asked: dict[str, tuple[dict[str, str], bytes, int]] = {
        "a recording": ({"prompt": CANARY, "keywords": CANARY}, file, 200),
        "a stream": ({"prompt": CANARY, "stream": "true"}, file, 200),
        "no recording": ({"prompt": CANARY}, CANARY.encode(), 400),
        "a playlist": ({}, f"#EXTM3U\nhttp://127.0.0.1/{CANARY}".encode(), 400),
        "no format": ({"response_format": CANARY}, file, 400),
        "no language": ({"language": CANARY}, file, 400),
        "unknown field": ({CANARY: CANARY}, file, 400),
    }
    for name, (fields, content, status) in asked.items():
        files = {"file": (f"{CANARY}.wav", content, "audio/wav")}
        reply = one.http.post("/v1/audio/transcriptions", data=model | fields, files=files)
        assert reply.status_code == status, (name, reply.text)
        assert CANARY in fields or CANARY not in reply.text, name


def film(one: Program) -> None:
    """Say the canary in prompts, pictures and names of videos: one is queued, the others are refused."""
    if find_spec("av") is None:
        return
    out = io.BytesIO()
    Image.new("RGB", (256, 256), "teal").save(out, "PNG", pnginfo=_texts())
    still = f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
    words = f"data:image/png;base64,{base64.b64encode(CANARY.encode()).decode()}"
    video = {"model": "default", "prompt": CANARY, "duration": "5s", "resolution": "480p"}
    asked: dict[str, tuple[str, dict[str, object], int]] = {
        "a quote": ("quote", {"negative_prompt": CANARY}, 200),
        "a video": ("queue", {"negative_prompt": CANARY, "image_url": still}, 200),
        "no picture": ("queue", {"image_url": words}, 400),
        "no sound": ("queue", {"audio_url": words}, 400),
        "no address": ("queue", {"image_url": CANARY}, 400),
        "no duration": ("queue", {"duration": CANARY}, 400),
        "unknown field": ("queue", {CANARY: CANARY}, 400),
    }
    for name, (path, fields, status) in asked.items():
        reply = one.http.post(f"/api/v1/video/{path}", json={**video, **fields})
        assert reply.status_code == status, (name, reply.text)
        assert CANARY in fields or CANARY not in reply.text, name
    for path in ("retrieve", "complete"):
        reply = one.http.post(
            f"/api/v1/video/{path}", json={"model": "default", "queue_id": CANARY}
        )
        assert (reply.status_code, CANARY in reply.text) == (404, False)


def ask_of_all(one: Program, port: int) -> None:
    """Send the canary through every part of the API."""
    read_pages(one, port)
    search(one)
    wish(one)
    constraint(one)
    embed(one)
    edit(one)
    message(one)
    complete(one)
    respond(one)
    speak(one)
    transcribe(one)
    film(one)


def ask_of_chat(one: Program, port: int) -> None:
    """Send the canary through chat alone, for what is the same in every part: fronts and logs."""
    wish(one)


@pytest.mark.parametrize(
    ("end", "log_format", "front", "ask"),
    [
        (signal.SIGKILL, "json", "wire", ask_of_all),
        (signal.SIGTERM, "text", "wire", ask_of_chat),
        (signal.SIGTERM, "json", "uvicorn", ask_of_chat),
        pytest.param(signal.SIGTERM, "json", "wire", ask_of_all, marks=pytest.mark.long),
        pytest.param(signal.SIGKILL, "text", "wire", ask_of_all, marks=pytest.mark.long),
        pytest.param(signal.SIGTERM, "json", "uvicorn", ask_of_all, marks=pytest.mark.long),
    ],
)
def test_a_unique_text_is_found_nowhere(
    tmp_path: Path,
    end: signal.Signals,
    log_format: str,
    front: Front,
    ask: Callable[[Program, int], None],
) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    wanted = forms(CANARY)
    (tmp_path / "spices.txt").write_text("Pepper came by ship.")
    Home(tmp_path / "home")
    assert list(Library.of(tmp_path / "home").add(tmp_path / "spices.txt"))
    with (
        site() as port,
        program(tmp_path / "home", environ=environ(scratch, port, log_format), front=front) as one,
    ):
        until(lambda: one.http.get("/readyz").status_code == 200, within_s=60)
        ask(one, port)
        refusals = talk_in_every_way(one)
        assert '"code":' in refusals.replace("\\", "")
        metrics = one.http.get("/metrics").content
        assert not any(output_format in metrics for output_format in wanted)
        watched = [one.process.pid, *one.children()]
        found = [path for pid in watched for path in open_files(pid) if holds(path, wanted)]
        one.process.send_signal(end)
        one.process.wait(60)
        printed = one.process.stdout.read() if one.process.stdout else ""
        assert CANARY not in printed
        expect_numbers_alone(one.log.read_text(), log_format)
        folders = [tmp_path, one.log.parent, Path(tempfile.gettempdir()) / "fondaco"]
        found += [path for folder in folders for path in files_below(folder) if holds(path, wanted)]
    assert found == []


def test_the_search_finds_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text(f"x{CANARY}y")
    (tmp_path / "base64").write_bytes(base64.b64encode(f"ab{CANARY}y".encode()))
    (tmp_path / "packed").write_bytes(gzip.compress(CANARY.encode()))
    wanted = forms(CANARY)
    assert {path.name for path in files_below(tmp_path) if holds(path, wanted)} == {
        "plain",
        "base64",
        "packed",
    }
