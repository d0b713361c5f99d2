"""Help: every command shows examples before its options, and every example is a command line that it takes."""

import re
import shlex

import pytest

from cli_program import Fondaco
from fondaco.cli.examples import EXAMPLES, commands_of
from pages.command_lines import FONDACO, parse

COMMANDS = dict(commands_of(FONDACO))
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
    assert parse(shlex.split(found["arguments"])) is COMMANDS[name]
