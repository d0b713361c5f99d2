"""Checks of commands that need not run them: the shell's grammar, our own command line, targets of make."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final

from typer._click.exceptions import ClickException
from typer.main import get_command

from fondaco.cli.program import program
from guards.source import ROOT

FONDACO: Final[Any] = get_command(program)
_OPERATORS: Final = ";&|<>()\n"
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_HERE_DOCUMENT = re.compile(
    r"<<-?\s*(['\"]?)(\w+)\1(.*?\n)(?:.*?\n)?\s*\2$", re.MULTILINE | re.DOTALL
)
_REDIRECTION = re.compile(r"&?[<>]+&?")
_ASSIGNMENT = re.compile(r"\w+=")
_TARGET = re.compile(r"^(?P<name>[a-z-]+):", re.MULTILINE)
_TARGETS: Final = {found["name"] for found in _TARGET.finditer((ROOT / "Makefile").read_text())}


def faults(script: str) -> Iterator[str]:
    """Yield what is wrong with the commands of a script."""
    parsed = subprocess.run(
        ["bash", "-n"], input=script, capture_output=True, text=True, check=False
    )
    if parsed.returncode or parsed.stderr:
        yield parsed.stderr
        return
    for called, *words in _simple_commands(script):
        match PurePosixPath(called).name:
            case "fondaco":
                yield from _own_faults(words)
            case "make":
                wanted = {word for word in words if "=" not in word and not word.startswith("-")}
                yield from (f"make has no target {name}" for name in wanted - _TARGETS)


def parse(words: list[str]) -> Any:
    """Return the command of our own that a command line names, once its options and arguments are read.

    Raises:
        ClickException: there is no such command, or it takes other options or arguments.
    """
    command, parent, name = FONDACO, None, "fondaco"
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        parent = command.make_context(name, [*words], parent=parent)
        name, command, words = command.resolve_command(parent, words)
    with command.make_context(name, words, parent=parent):
        return command


def _own_faults(words: list[str]) -> Iterator[str]:
    try:
        parse(words)
    except ClickException as fault:
        yield f"fondaco {shlex.join(words)}: {fault.format_message()}"


def _simple_commands(script: str) -> Iterator[list[str]]:
    """Yield the program and arguments of each command, without variables set for it, `sudo` and redirections."""
    plain = _HERE_DOCUMENT.sub(r"\3", _COMMENT.sub("", script.replace("\\\n", " ")))
    lexer = shlex.shlex(plain, posix=True, punctuation_chars=_OPERATORS)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    words: list[str] = []
    tokens = iter([*lexer, "\n"])
    for word in tokens:
        if _REDIRECTION.fullmatch(word):
            next(tokens)  # a file
        elif set(word) <= set(_OPERATORS):
            if words := _without_prefix(words):
                yield words
            words = []
        else:
            words.append(word)


def _without_prefix(words: list[str]) -> list[str]:
    while words and (words[0] == "sudo" or words[0] == "-u" or _ASSIGNMENT.match(words[0])):
        words = words[2:] if words[0] == "-u" else words[1:]
    return words
