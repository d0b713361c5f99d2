"""Checks of blocks that are no programs: what a file of their format has to be."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from fondaco.configuration import load
from pages.blocks import Block, blocks_of
from pages.command_lines import faults
from pages.console import commands

_CRONTAB = re.compile(r"(?:[\d*/,-]+ +){5}(?P<command>\S.*)")


def check_console(block: Block, folder: Path) -> None:
    """Parse the commands behind the prompts."""
    _ = folder
    typed = "\n".join(command.text for command in commands(block.text))
    assert list(faults(f"{typed}\n")) == []


def check_script(block: Block, folder: Path) -> None:
    """Parse the commands."""
    _ = folder
    assert list(faults(block.text)) == []


def check_crontab(block: Block, folder: Path) -> None:
    """Read the times of each line, and parse its command."""
    _ = folder
    for line in block.text.splitlines():
        found = _CRONTAB.fullmatch(line)
        assert found is not None, line
        assert list(faults(found["command"])) == []


def check_toml(block: Block, folder: Path) -> None:
    """Load the configuration, beside the files that the page shows; other files have to be TOML."""
    if block.file is not None:
        tomllib.loads(block.text)
        return
    for shown in blocks_of(block.page):
        if shown.file is not None:
            path = folder / ".local/share/fondaco" / shown.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(shown.text, encoding="utf-8")
    file = folder / "fondaco.toml"
    file.write_text(block.text, encoding="utf-8")
    assert load(config=file, environ={"HOME": str(folder)}).file == file


def check_json(block: Block, folder: Path) -> None:
    """Parse the value."""
    _ = folder
    json.loads(block.text)


def check_yaml(block: Block, folder: Path) -> None:
    """Parse a value that is no mere text."""
    _ = folder
    assert isinstance(yaml.safe_load(block.text), dict | list)


def check_unit(block: Block, folder: Path) -> None:
    """Have systemd verify the unit, of the user and with the program of this machine."""
    systemd = _program("systemd-analyze")
    text = re.sub(r"(?m)^User=\w+$", "User=daemon", block.text)
    unit = folder / "fondaco.service"
    unit.write_text(re.sub(r"(?m)^(Exec\w+)=\S+", rf"\1={sys.executable}", text))
    ended = subprocess.run(
        [systemd, "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "XDG_RUNTIME_DIR": str(folder)},
    )
    assert unit.name not in ended.stderr, ended.stderr


def check_javascript(block: Block, folder: Path) -> None:
    """Have Node parse the module."""
    module = folder / "page.mjs"
    module.write_text(block.text, encoding="utf-8")
    node = _program("node")
    ended = subprocess.run(
        [node, "--check", str(module)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


CHECKS: Final[Mapping[str, Callable[[Block, Path], None]]] = {
    "console": check_console,
    "bash": check_script,
    "crontab": check_crontab,
    "toml": check_toml,
    "json": check_json,
    "yaml": check_yaml,
    "ini": check_unit,
    "js": check_javascript,
}
