"""The playground's modules that need no browser, run by Node: streams, replies, trees, blocks, charges."""

import shutil
import subprocess
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent / "modules"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.parametrize("script", sorted(path.name for path in _FOLDER.glob("*.test.mjs")))
def test_the_module_keeps_its_word(script: str) -> None:
    ended = subprocess.run(
        ["node", "--test", script],
        cwd=_FOLDER,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
