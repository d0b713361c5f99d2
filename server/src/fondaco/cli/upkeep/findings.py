"""Findings of `fondaco doctor`: a fault, its consequence, and the command that fixes it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from textwrap import fill

import typer

from fondaco.cli.output import printable

_STATE_WIDTH = 9
_INDENT = " " * _STATE_WIDTH
_COLOURS = {"ok": typer.colors.GREEN, "warning": typer.colors.YELLOW, "error": typer.colors.RED}


class State(StrEnum):
    """Severity of a finding."""

    OK = "ok"
    WARNING = "warning"
    """It works, but something is missing, weak or about to fail."""
    ERROR = "error"
    """Something does not work, or money or keys are at risk."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One result of one check. It holds no secret."""

    check: str
    """The area, one word."""
    state: State
    message: str
    why: str = ""
    """The consequence."""
    fix: str = ""
    """The command, or the step."""

    def as_json(self) -> dict[str, str | None]:
        """Return it for programs; absent texts are null."""
        return {name: value or None for name, value in asdict(self).items()}

    def lines(self, columns: int, *, colour: bool) -> Iterator[str]:
        """Yield it for people."""
        state = f"{self.state:<{_STATE_WIDTH}}"
        text = fill(
            f"{self.check}: {printable(self.message)}",
            columns,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        ).removeprefix(_INDENT)
        yield (typer.style(state, fg=_COLOURS[self.state]) if colour else state) + text
        for head, more in (("Why: ", self.why), ("Fix: ", self.fix)):
            if more:
                # A command is never broken into lines: it is there to be copied.
                yield f"{_INDENT}{head}{printable(more)}"


def ok(check: str, message: str) -> Diagnosis:
    """Return a finding that all is well."""
    return Diagnosis(check, State.OK, message)


def warning(check: str, message: str, *, why: str, fix: str) -> Diagnosis:
    """Return a finding that needs attention."""
    return Diagnosis(check, State.WARNING, message, why, fix)


def error(check: str, message: str, *, why: str, fix: str) -> Diagnosis:
    """Return a finding that needs a repair."""
    return Diagnosis(check, State.ERROR, message, why, fix)
