"""Help: every command shows examples before its options, and every example is a command line that it takes."""

import re
import shlex

import pytest

from cli_program import Fondaco
from fondaco.cli.help.examples import EXAMPLES, commands_of
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


def titles(shown: str) -> list[str]:
    return re.findall(r"^(\S.*):$", shown, re.MULTILINE)


def test_many_options_are_grouped_by_what_they_are_for(fondaco: Fondaco) -> None:
    shown = fondaco("chat", "--help", COLUMNS="100").out
    assert titles(shown) == [
        *("Arguments", "Options", "Generation options"),
        *("Server options", "Output options", "Global options"),
    ]
    server = shown.partition("Server options:")[2].partition("Output options:")[0]
    assert re.findall(r"^  (--\w+)", server, re.MULTILINE) == ["--url", "--key"]


def test_few_options_are_one_list(fondaco: Fondaco) -> None:
    assert titles(fondaco("status", "--help", COLUMNS="100").out) == ["Options"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_shown_once_whatever_its_group(fondaco: Fondaco, name: str) -> None:
    shown = fondaco(*name.split(), "--help", COLUMNS="200").out
    options = shown.partition("\nOptions:\n")[2]
    for option in COMMANDS[name].params:
        if option.param_type_name == "option" and not option.hidden:
            longest = re.escape(max(option.opts, key=len))
            told = re.findall(rf"^  (?:-\w, )?{longest}(?![\w-])", options, re.MULTILINE)
            assert len(told) == 1, option.opts


def test_arguments_stand_by_their_names_in_the_usage(fondaco: Fondaco) -> None:
    usages = {
        name: fondaco(*name.split(), "--help", COLUMNS="200").out.partition("\n")[0]
        for name in ("tts", "chat", "embed")
    }
    assert usages == {
        "tts": "Usage: fondaco tts [OPTIONS] TEXT",
        "chat": "Usage: fondaco chat [OPTIONS] [MODEL] [PROMPT]",
        "embed": "Usage: fondaco embed [OPTIONS] [TEXT]...",
    }
