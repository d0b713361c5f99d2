"""Console blocks: commands behind a `$ `, each with the output that the page shows below it."""

import doctest
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

PROMPT: Final = "$ "
_FAULT = re.compile(r"^(?:fondaco: |error )", re.MULTILINE)
"""Begins a line by which a command reports that something is wrong."""
_ANY_LINES = re.compile(r"\n\.\.\.$", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_COMPARED: Final = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(?P<end>\w+)\1")


@dataclass(frozen=True)
class Command:
    """A command, with the lines that continue it, and what it prints: nothing if the page shows no output."""

    text: str
    output: str

    @property
    def fails(self) -> bool:
        """Whether the page shows how it fails."""
        return _FAULT.search(self.output) is not None

    def prints(self, said: str) -> bool:
        """Whether it may print `said`.

        `...` in the output stands for any text, and a number for any number; spaces are all the same.
        """
        shown = _ANY_LINES.sub("...", self.output.rstrip())
        shown, printed = (_NUMBER.sub("0", f"{text.strip()}\n") for text in (shown, said))
        return not self.output or doctest.OutputChecker().check_output(shown, printed, _COMPARED)


def commands(block: str) -> list[Command]:
    """Return the commands of a console block; a line before the first prompt is a fault of the page."""
    lines = block.splitlines(keepends=True)
    assert lines, "an empty console block"
    assert lines[0].startswith(PROMPT), "a console block without a prompt"
    found = []
    while lines:
        text = lines.pop(0).removeprefix(PROMPT)
        text += "".join(_continuation(text, lines))
        output = ""
        while lines and not lines[0].startswith(PROMPT):
            output += lines.pop(0)
        found.append(Command(text.rstrip("\n"), output))
    return found


def _continuation(text: str, lines: list[str]) -> Iterator[str]:
    """Take the lines that a command goes on in: after a backslash, indented, or up to the end of a here-document."""
    if document := _HERE_DOCUMENT.search(text):
        while lines:
            yield (line := lines.pop(0))
            if line.strip() == document["end"]:
                return
    last = text
    while lines and (last.endswith("\\\n") or re.match(r" {4,}\S", lines[0])):
        last = lines.pop(0)
        yield last
