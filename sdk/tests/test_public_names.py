"""What the SDK shows, and that it stands alone."""

import subprocess
import sys

import venice_ai


def test_the_public_names_are_exactly_the_documented_ones() -> None:
    assert {name for name in dir(venice_ai) if not name.startswith("_")} == set()


def test_the_sdk_does_not_import_the_server() -> None:
    script = (
        "import sys, venice_ai; sys.exit(any(m.split('.')[0] == 'fondaco' for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
