"""OpenAI's own npm client against the program with the embedded model."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from program import MODEL, Program

FOLDER = Path(__file__).parent / "node"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
@pytest.mark.skipif(
    not (FOLDER / "node_modules" / "openai").is_dir(),
    reason="the npm client is not installed: run `make test`, or `npm ci` in server/tests/compat/node",
)
def test_the_npm_client_does_chat_stream_choices_models_and_errors(served: Program) -> None:
    environ = {
        **os.environ,  # noqa: TID251 - handed on to the child
        "OPENAI_BASE_URL": f"{served.url}/api/v1",
        "OPENAI_API_KEY": served.api_key,
    }
    ended = subprocess.run(
        ["node", "chat.mjs"],
        cwd=FOLDER,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert seen["whole"]
    assert seen["streamed"] == seen["whole"]
    assert seen["usage"]["completion_tokens"] == seen["wholeUsage"]["completion_tokens"]
    assert (seen["choices"], seen["logprobs"]) == (2, 2)
    assert MODEL in seen["models"]
    assert seen["wrongKey"]["status"] == 401
    assert seen["unknownModel"]["status"] == 404
    assert seen["tooLong"]["code"] == "context_length_exceeded"
