"""Help: every command shows examples before its options, and every example is a command line that it takes."""

import re
import shlex
from typing import Any

import pytest
from typer.main import get_command

from cli_program import Fondaco
from fondaco.cli.examples import EXAMPLES, commands_of
from fondaco.cli.program import program

ROOT = get_command(program)
COMMANDS = dict(commands_of(ROOT))
OWN = re.compile(r"(?:^|\| |<\()fondaco (?P<arguments>.*?)(?: [|<>] .*|\))?$")
"""Our part of a line: pipes and redirections are the shell's."""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_the_summary_then_examples_then_options(fondaco: Fondaco, name: str) -> None:
    shown = fondaco(*name.split(), "--help", COLUMNS="200").out
    usage, examples, options = (shown.index(part) for part in ("Usage:", "Examples:", "Options:"))
    assert usage < examples < options
    for line in EXAMPLES[name]:
        assert f"{line}\n" in shown


@pytest.mark.parametrize(
    ("name", "line"),
    [(name, line) for name, lines in EXAMPLES.items() for line in lines if name in COMMANDS],
)
def test_an_example_is_a_line_of_its_command(name: str, line: str) -> None:
    found = OWN.search(line)
    assert found is not None
    words = shlex.split(found["arguments"])
    command, parent = ROOT, ROOT.make_context("fondaco", [], resilient_parsing=True)
    for part in name.split():
        assert words.pop(0) == part
        below: Any = command
        command = below.commands[part]
        if command is not COMMANDS[name]:
            parent = command.make_context(part, [], parent=parent, resilient_parsing=True)
    with command.make_context(name, words, parent=parent) as context:
        assert context.command is COMMANDS[name]
