"""The dashboard's modules agree with the types that their comments declare."""

import shutil
import subprocess

import pytest

from guards.source import ROOT
from guards.vendored import NODE_MODULES

TSC = NODE_MODULES / ".bin/tsc"


def test_the_dashboards_types_agree() -> None:
    if shutil.which("node") is None or not TSC.exists():
        pytest.skip("Node.js or TypeScript is not installed: make .venv/.npm")
    project = ROOT / "server/tests/dashboard/jsconfig.json"
    told = subprocess.run(
        [TSC, "--project", project], check=False, capture_output=True, text=True, timeout=120
    )
    assert told.returncode == 0, told.stdout
