"""Progress of long work: shown on a terminal, and nowhere else."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from cli_program import Fondaco
from fondaco.cli import progress


def run_with_terminal_on_stderr(fondaco: Fondaco, *arguments: str) -> tuple[str, str]:
    """Return what a command writes to a piped stdout, and to the terminal that is its stderr."""
    ours, theirs = pty.openpty()
    try:
        command = [sys.executable, "-m", "fondaco", *arguments]
        environ = {**fondaco.environ(), "TERM": "xterm", "COLUMNS": "100"}
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=theirs) as run:
            os.close(theirs)
            shown = _all_of(ours)
            assert run.stdout is not None
            said = run.stdout.read().decode()
        assert run.returncode == 0, shown
        return said, shown
    finally:
        os.close(ours)


def _all_of(terminal: int) -> str:
    """Read a terminal until every program has closed it."""
    read = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux's way to say that it is closed
            piece = b""
        if not piece:
            return read.decode()
        read += piece


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    folder.mkdir()
    for name in ("a.md", "b.md"):
        (folder / name).write_text("# Lighthouse\n\nThe keeper counts the waves.\n")
    return folder


def test_library_add_shows_a_bar_on_a_terminal_and_leaves_stdout_alone(
    fondaco: Fondaco, documents: Path
) -> None:
    said, shown = run_with_terminal_on_stderr(fondaco, "library", "add", str(documents))
    assert said == "Added: handbook/a.md\nAdded: handbook/b.md\n"
    assert "Adding documents" in shown
    assert "86/86 bytes" in shown


def test_without_a_terminal_nothing_is_shown(
    fondaco: Fondaco, documents: Path, tmp_path: Path
) -> None:
    assert fondaco("keys", "create").code == 0
    for command in (
        ["library", "add", str(documents)],
        ["ledger", "verify"],
        ["backup", str(tmp_path / "b")],
        ["restore", "--check", str(tmp_path / "b")],
    ):
        ended = fondaco(*command)
        assert (ended.code, ended.err) == (0, "")


def test_work_without_a_measure_shows_that_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    try:
        with os.fdopen(theirs, "w", encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stderr", stream)
            monkeypatch.setattr(progress, "_PATIENCE_S", 0.0)
            monkeypatch.setenv("TERM", "xterm")
            shown = ""
            with progress.busy("Verifying the ledger"):
                while "Verifying the ledger ..." not in shown:
                    shown += os.read(ours, 4096).decode()
            monkeypatch.undo()
        assert "Verifying" not in _all_of(ours).rpartition("\x1b[2K")[2]
    finally:
        os.close(ours)


def test_work_that_is_done_soon_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    try:
        with os.fdopen(theirs, "w", encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stderr", stream)
            monkeypatch.setattr(progress, "_PATIENCE_S", 3600.0)
            with progress.busy("Verifying the ledger"):
                pass
            monkeypatch.undo()
        assert _all_of(ours) == ""
    finally:
        os.close(ours)


def test_lines_of_progress_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress("The server downloads \x1b]0;title\x07", bar=False) as advance:
        advance(10_000_000, None)
    assert capsys.readouterr().err == "The server downloads  ]0;title : 10 MB\n"
