"""Clients from npm: scripts of `compat/node`, run by Node against a server."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "compat" / "node"

needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (FOLDER / "node_modules" / "ai").is_dir(),
    reason="Node or the npm clients are not installed: run `make test`, or `npm ci` in server/tests/compat/node",
)
_OF_CLIENTS = ("ANTHROPIC_", "OPENAI_")


def printed(script: str, environ: Mapping[str, str]) -> Any:
    """Return the JSON that a script prints, run with these variables of its client."""
    inherited = os.environ  # noqa: TID251 - handed on to the child
    plain = {name: value for name, value in inherited.items() if not name.startswith(_OF_CLIENTS)}
    ended = subprocess.run(
        ["node", script],
        cwd=FOLDER,
        env={**plain, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
