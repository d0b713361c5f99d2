"""OpenAI's own npm client and the AI SDK against the program with the embedded model."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from program import MODEL, Program

FOLDER = Path(__file__).parent / "node"


needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (FOLDER / "node_modules" / "ai").is_dir(),
    reason="Node or the npm clients are not installed: run `make test`, or `npm ci` in server/tests/compat/node",
)


def printed(script: str, served: Program, base: str) -> Any:
    """Return the JSON that a script prints about a server."""
    environ = {
        **os.environ,  # noqa: TID251 - handed on to the child
        "OPENAI_BASE_URL": f"{served.url}{base}",
        "OPENAI_API_KEY": served.api_key,
    }
    ended = subprocess.run(
        ["node", script],
        cwd=FOLDER,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@needs_node
def test_the_npm_client_does_chat_stream_choices_models_and_errors(served: Program) -> None:
    seen = printed("chat.mjs", served, "/api/v1")
    assert seen["whole"]
    assert seen["streamed"] == seen["whole"]
    assert seen["usage"]["completion_tokens"] == seen["wholeUsage"]["completion_tokens"]
    assert (seen["choices"], seen["logprobs"]) == (2, 2)
    assert MODEL in seen["models"]
    assert seen["wrongKey"]["status"] == 401
    assert seen["unknownModel"]["status"] == 404
    assert seen["tooLong"]["code"] == "context_length_exceeded"


@needs_node
@pytest.mark.parametrize("base", ["/api/v1", "/v1"])
def test_npm_clients_show_why_a_request_was_refused(served: Program, base: str) -> None:
    seen = printed("errors.mjs", served, base)
    assert seen["client"] == "Error: 400 temperature: must be at most 2 (got 5)"
    assert seen["files"].startswith(f"Error: 404 This server does not support '{base}/files'. ")
    assert seen["shown"] == MODEL
    assert seen["generated"] == "AI_APICallError: temperature: must be at most 2 (got 5)"
    for kind in ("streamed", "embedded"):
        assert seen[kind].startswith("AI_APICallError: Specified model not found: 'nobody'.")
