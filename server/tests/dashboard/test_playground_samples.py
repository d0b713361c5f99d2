"""Requests as code: in each language the code sends exactly the request, whatever its contents."""

import ast
import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fondaco.http.apis.openai.chat.request import ChatRequest, VeniceParameters
from fondaco.http.apis.venice.images.schemas import GenerateImageRequest

_MODULES = Path(__file__).parent / "modules"
_NASTY = (
    'it\'s "quoted" $HOME $(id) `id` \\ \\n ! %s {x} ${y} \r\n\t\x00\x7f\u2028\u0085 é 漢字 😀'
    "\nJSON\n\"\"\"'''*/ // <!-- </script>"
)
_PICTURE = b"\x89PNG no picture, only bytes"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")


def printed(script: str, given: object = None) -> Any:
    """Return the JSON that a script of `modules` prints."""
    ended = subprocess.run(
        ["node", script],
        cwd=_MODULES,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def samples(body: dict[str, Any], *attachments: dict[str, str]) -> dict[str, str]:
    """Return the code of a chat request by the name of its client."""
    request = {"kind": "chat", "body": body, "attachments": attachments}
    return {one["name"]: one["code"] for one in printed("print_samples.mjs", request)}


@pytest.fixture
def body() -> dict[str, Any]:
    return {
        "model": "a-model",
        "messages": [
            {"role": "system", "content": _NASTY},
            {"role": "assistant", "content": None, "tool_calls": []},
        ],
        "temperature": 0.5,
        "min_p": 0.05,
        "stop": ["\n\n", "'"],
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {"a-b": {}, _NASTY: [1]}}}
        ],
        "venice_parameters": {"include_venice_system_prompt": False},
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.fixture
def pictured(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A request with a picture, and the attachment that stands for it in code."""
    url = f"data:image/png;base64,{base64.b64encode(_PICTURE).decode()}"
    parts = [{"type": "text", "text": _NASTY}, {"type": "image_url", "image_url": {"url": url}}]
    messages = [{"role": "user", "content": parts}]
    path = "messages.0.content.1.image_url.url"
    return {**body, "messages": messages}, {
        "path": path,
        "file": "image-1.png",
        "type": "image/png",
    }


def sent_by_curl(code: str, folder: Path) -> Any:
    """Run shell code with a stand-in for curl, and return the JSON that it would send."""
    stand_in = folder / "curl"
    stand_in.write_text('#!/bin/sh\ncat > sent.json\nprintf "%s\\n" "$@" > arguments\n')
    stand_in.chmod(0o755)
    (folder / "image-1.png").write_bytes(_PICTURE)
    own = os.environ  # noqa: TID251 - handed on to the child
    path = f"{folder}:{own['PATH']}"
    subprocess.run(
        ["bash", "-eu", "-c", code], cwd=folder, env={**own, "PATH": path}, check=True, timeout=60
    )
    arguments = (folder / "arguments").read_text().splitlines()
    assert "http://127.0.0.1:8000/api/v1/chat/completions" in arguments
    return json.loads((folder / "sent.json").read_text())


def test_curl_sends_the_request(body: dict[str, Any], tmp_path: Path) -> None:
    assert sent_by_curl(samples(body)["curl"], tmp_path) == body


def test_curl_reads_pictures_from_disk(
    pictured: tuple[dict[str, Any], dict[str, str]], tmp_path: Path
) -> None:
    body, attachment = pictured
    code = samples(body, attachment)["curl"]
    assert base64.b64encode(_PICTURE).decode() not in code
    assert sent_by_curl(code, tmp_path) == body


def sent_by_python(code: str, module: str, folder: Path) -> Any:
    """Run Python code with a stand-in for its client, and return what it passes to the client."""
    (folder / f"{module}.py").write_text(
        "import json, sys\n"
        "class Anything:\n"
        "    def __init__(self, *a, **k): pass\n"
        "    def __getattr__(self, name): return self\n"
        "    def __enter__(self): return self\n"
        "    def __exit__(self, *a): pass\n"
        "    def __iter__(self): return iter(())\n"
        "    def __call__(self, **fields):\n"
        "        if fields: json.dump(fields, open('sent.json', 'w'))\n"
        "        return self\n"
        "OpenAI = SyncVeniceClient = Anything\n"
    )
    (folder / "image-1.png").write_bytes(_PICTURE)
    ast.parse(code)
    (folder / "sample.py").write_text(code)
    subprocess.run([sys.executable, "sample.py"], cwd=folder, check=True, timeout=60)
    return json.loads((folder / "sent.json").read_text())


def test_python_with_openai_sends_the_request(
    pictured: tuple[dict[str, Any], dict[str, str]], tmp_path: Path
) -> None:
    body, attachment = pictured
    sent = sent_by_python(samples(body, attachment)["Python · openai"], "openai", tmp_path)
    extra = sent.pop("extra_body")
    assert set(extra) == {"min_p", "venice_parameters"}  # what this client has no arguments for
    assert {**sent, **extra} == body


def test_python_with_venice_ai_sends_the_request(body: dict[str, Any], tmp_path: Path) -> None:
    sent = sent_by_python(samples(body)["Python · venice_ai"], "venice_ai", tmp_path)
    # Its method `stream` says the other two by itself.
    assert sent == {name: value for name, value in body.items() if not name.startswith("stream")}


def test_typescript_sends_the_request(
    pictured: tuple[dict[str, Any], dict[str, str]], tmp_path: Path
) -> None:
    body, attachment = pictured
    code = samples(body, attachment)["TypeScript · openai"]
    package = tmp_path / "node_modules" / "openai"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"type": "module", "exports": "./index.js"}')
    (package / "index.js").write_text(
        "import { writeFileSync } from 'node:fs';\n"
        "const create = async (fields) => { writeFileSync('sent.json', JSON.stringify(fields)); return []; };\n"
        "export default class { chat = { completions: { create } }; }\n"
    )
    (tmp_path / "image-1.png").write_bytes(_PICTURE)
    untyped = code.replace("(path: string, kind: string)", "(path, kind)")
    (tmp_path / "sample.mjs").write_text(untyped)
    subprocess.run(["node", "sample.mjs"], cwd=tmp_path, check=True, timeout=60)
    assert json.loads((tmp_path / "sent.json").read_text()) == body


@pytest.mark.parametrize(
    "kind",
    ["image", "speech", "embedding", "video", "upscale", "edit", "transcription", "translation"],
)
def test_samples_of_every_kind_are_code(kind: str) -> None:
    body = {"model": "m", "prompt": _NASTY, "file": "a b.wav", "image": "a b.wav"}
    attachments = [
        {"path": name, "file": "a b.wav", "type": "audio/wav"} for name in ("file", "image")
    ]
    request = {"kind": kind, "body": body, "attachments": attachments}
    shown = printed("print_samples.mjs", request)
    for sample in shown:
        if sample["language"] == "python":
            ast.parse(sample["code"])
        if sample["language"] == "bash":
            subprocess.run(
                ["bash", "-n", "-c", sample["code"].replace("\0", "")], check=True, timeout=60
            )
    assert {"curl", "Python · venice_ai"} <= {sample["name"] for sample in shown}


def test_the_panel_shows_every_field_of_a_chat_or_says_why_not() -> None:
    panel = printed("print_parameters.mjs")
    known = {*panel["chat"], *panel["notShown"]}
    nested = {"venice_parameters", "text"}
    own = {f"venice_parameters.{name}" for name in VeniceParameters.model_fields}
    expected = (set(ChatRequest.model_fields) - nested) | own | {"text.verbosity"}
    assert known == expected


def test_the_panel_shows_every_field_of_an_image() -> None:
    elsewhere = {"model", "prompt"}
    binary = {"return_binary", "inpaint", "enable_web_search"}  # for programs, or without effect
    shown = set(printed("print_parameters.mjs")["image"])
    assert shown == set(GenerateImageRequest.model_fields) - elsewhere - binary
