"""Runs the chat examples of the API's documents, as they stand there, against a server.

    PYTHONPATH=server/tests python -m compat.run_examples http://127.0.0.1:8000/api/v1 KEY [NAME...]

In `examples/` each has a file of its own, named after its page: commands, programs, bodies of
requests, and names of models. Only the base URL, the key and an image that a page leaves out are
put in; a snippet that begins with a `client` gets one.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interpreter import Interpreter, interpreter

FOLDER = Path(__file__).parent / "examples"
EXAMPLES = tuple(sorted(path.name for path in FOLDER.iterdir() if path.suffix != ".jpg"))
TIMEOUT_S = 300
_HOSTED = "https://api.venice.ai/api/v1"
_CLIENT = """
import os
from openai import OpenAI
client = OpenAI(api_key=os.environ["VENICE_API_KEY"], base_url="https://api.venice.ai/api/v1")
"""
_CURL = "fail-with-body\nsilent\nshow-error\n"
"""So that a refusal is seen by the exit code, and what it says is kept."""


@dataclass(frozen=True)
class Outcome:
    """How an example ended."""

    name: str
    text: str
    """The example."""
    code: int
    """The exit code of its program."""
    said: str
    complained: str

    @property
    def fault(self) -> str:
        """What is wrong with it; empty: it did what its page says."""
        if self.code:
            return f"It ended with {self.code}: {self.said}{self.complained}"
        try:
            return "" if _fits(self) else f"Its page promises something else: {self.said}"
        except (ValueError, LookupError, TypeError) as error:
            return f"{error!r}: {self.said}"


def run(name: str, base_url: str, api_key: str, python: Interpreter) -> Outcome:
    """Run one example to its end."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    filled = _filled(text, base_url, api_key)
    environ = {**os.environ, "VENICE_API_KEY": api_key}  # noqa: TID251 - as the pages tell to
    if name.endswith(".py"):
        client = "" if "client = " in text else _filled(_CLIENT, base_url, "")
        said = python.run(client + filled, environ, timeout_s=TIMEOUT_S)
        return Outcome(name, text, said.code, said.stdout, said.stderr)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / ".curlrc").write_text(_CURL, encoding="utf-8")
        ended = subprocess.run(
            ["bash", "-c", _command(name, filled, home, base_url)],
            env={**environ, "CURL_HOME": folder},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    return Outcome(name, text, ended.returncode, ended.stdout, ended.stderr)


def content(outcome: Outcome) -> str:
    """Return what the model said, of a reply or a stream in JSON."""
    if outcome.said.startswith("data: "):
        deltas = [c["delta"] for chunk in _chunks(outcome.said) for c in chunk["choices"]]
        return "".join(delta.get("content") or "" for delta in deltas)
    said = json.loads(outcome.said)["choices"][0]["message"]["content"]
    return said if isinstance(said, str) else ""


def _filled(text: str, base_url: str, api_key: str) -> str:
    """Return an example with what its page leaves to the reader."""
    image = base64.b64encode((FOLDER / "image.jpg").read_bytes()).decode()
    for blank, value in (
        (_HOSTED, base_url),
        ("your-api-key", api_key),
        ("<API-KEY>", api_key),
        ("data:image/jpeg;base64,...", f"data:image/jpeg;base64,{image}"),
    ):
        text = text.replace(blank, value)
    return text


def _command(name: str, text: str, home: Path, base_url: str) -> str:
    match Path(name).suffix:
        case ".sh":
            return text
        case ".json":
            body = text
        case _:
            asked = {"role": "user", "content": "Hello!"}
            stream = "in_stream=true" in text
            body = json.dumps({"model": text.strip(), "messages": [asked], "stream": stream})
    sent = home / "body.json"
    sent.write_text(body, encoding="utf-8")
    posted = f'curl {base_url}/chat/completions -H "Authorization: Bearer $VENICE_API_KEY"'
    return f'{posted} -H "Content-Type: application/json" -d @{sent}'


def _fits(outcome: Outcome) -> bool:
    """Whether an example that ended well says what its page promises."""
    if outcome.name.endswith(".py"):
        return bool(outcome.said.strip()) or "print(" not in outcome.text
    if outcome.said.startswith("data: "):
        ended = outcome.said.rstrip().endswith("data: [DONE]")
        return ended and bool(content(outcome) or "tools" in outcome.text)
    message = json.loads(outcome.said)["choices"][0]["message"]
    if "json_schema" in outcome.text:
        return _is_solution(json.loads(message["content"]))
    calls = message["tool_calls"] if "tools" in outcome.text else []
    if calls:
        return all("location" in json.loads(call["function"]["arguments"]) for call in calls)
    return bool(message["content"])


def _is_solution(answer: dict[str, Any]) -> bool:
    """Whether an answer has the form that the page on structured responses asks for."""
    steps = answer["steps"]
    return set(answer) == {"steps", "final_answer"} and all(
        set(step) == {"explanation", "output"} for step in steps
    )


def _chunks(said: str) -> Iterator[dict[str, Any]]:
    for line in said.splitlines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


def main(base_url: str, api_key: str, *names: str) -> int:
    """Run the named examples, or all, and say how each ended."""
    faults = 0
    with interpreter("openai") as python:
        for name in names or EXAMPLES:
            fault = run(name, base_url.rstrip("/"), api_key, python).fault
            faults += bool(fault)
            sys.stdout.write(f"{name}: {fault or 'fine'}\n")
            sys.stdout.flush()
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
