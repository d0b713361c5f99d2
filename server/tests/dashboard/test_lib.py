"""Modules of the dashboard that draw nothing, tried under Node."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "lib"


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.test.mjs")), ids=lambda path: path.name)
def test_a_module_does_as_its_test_says(file: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    command = [node, "--test", "--test-reporter=tap", str(file)]
    told = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stdout + told.stderr
    assert re.search(r"^# pass [1-9]", told.stdout, re.MULTILINE)
    assert "# fail 0" in told.stdout
