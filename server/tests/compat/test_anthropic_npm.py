"""Anthropic's own npm client against the program with the embedded model."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from program import Program

FOLDER = Path(__file__).parent / "node"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
@pytest.mark.skipif(
    not (FOLDER / "node_modules" / "@anthropic-ai" / "sdk").is_dir(),
    reason="the npm client is not installed: run `make test`, or `npm ci` in server/tests/compat/node",
)
def test_the_npm_client_does_messages_streams_counts_and_errors(served: Program) -> None:
    inherited = os.environ  # noqa: TID251 - handed on to the child
    environ = {k: v for k, v in inherited.items() if not k.startswith("ANTHROPIC_")}
    environ |= {"ANTHROPIC_BASE_URL": served.url, "ANTHROPIC_API_KEY": served.api_key}
    ended = subprocess.run(
        ["node", "messages.mjs"],
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
    assert seen["last"]["text"] == seen["streamed"] == seen["whole"]
    assert seen["last"]["stop"] == seen["stop"]
    assert seen["last"]["usage"]["output_tokens"] == seen["usage"]["output_tokens"]
    usage = seen["usage"]
    assert seen["counted"] == usage["input_tokens"] + usage["cache_read_input_tokens"]
    assert (seen["wrongKey"]["kind"], seen["wrongKey"]["status"]) == ("AuthenticationError", 401)
    assert (seen["unknownModel"]["kind"], seen["unknownModel"]["status"]) == ("NotFoundError", 404)
    assert seen["unknownModel"]["id"].startswith("req_")
    assert "temperature: must be at most 1 (got 2)" in seen["tooHot"]["message"]
    assert seen["tooHot"]["type"] == "invalid_request_error"
    assert "prompt is too long" in seen["tooLong"]["message"]
