"""`scripts/fastest_python`: the interpreter that `make install` takes."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "fastest_python"


def chosen(*commands: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(SCRIPT), *map(str, commands)], capture_output=True, text=True, check=False
    )


def python(folder: Path, name: str, *, loop_us: int) -> Path:
    """Make a command that measures itself as a Python of this speed would."""
    command = folder / name
    command.write_text(f"#!/bin/sh\necho {loop_us} {command} 3.12.1\n")
    command.chmod(0o755)
    return command


def test_a_real_interpreter_measures_itself() -> None:
    done = chosen(sys.executable)
    assert done.stdout == f"{sys.executable}\n", done.stderr
    assert done.stderr == f"Python {sys.version.split()[0]}: {sys.executable}\n"


@pytest.mark.parametrize(("others_us", "taken"), [(800, "other"), (950, "first")])
def test_another_interpreter_is_taken_if_it_is_a_tenth_faster(
    tmp_path: Path, others_us: int, taken: str
) -> None:
    first = python(tmp_path, "first", loop_us=1000)
    other = python(tmp_path, "other", loop_us=others_us)
    done = chosen(first, other)
    assert done.stdout == f"{tmp_path / taken}\n"
    assert ("runs a loop in 800 us" in done.stderr) is (taken == "other")


def test_what_does_not_run_or_is_too_old_is_passed_over(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    good = python(tmp_path, "good", loop_us=1000)
    assert chosen(tmp_path / "missing", old, good).stdout == f"{good}\n"


def test_without_any_the_error_says_what_to_install(tmp_path: Path) -> None:
    done = chosen(tmp_path / "missing")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Fondaco needs Python 3.11 or newer with its venv module" in done.stderr
    assert "sudo apt-get install python3 python3-venv" in done.stderr
