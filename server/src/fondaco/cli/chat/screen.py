"""The screen: where an answer is shown, styled on a terminal and plain elsewhere."""

import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from shutil import get_terminal_size
from textwrap import fill
from typing import Literal, TextIO

import typer

from fondaco.cli.chat.markdown import DIM, MarkdownStream
from fondaco.cli.chat.wrapping import Wrapper, styled
from fondaco.cli.output import is_styled, without_controls

_ERASE_LINE = "\r\x1b[K"
_Part = Literal["", "reasoning", "text"]


class Screen:
    """Shows answers on stdout, and notes about them on stderr.

    Text goes through `without_controls`, so that no answer moves the cursor, sets a title or fills a clipboard.
    Off a terminal stdout gets the text of the answer and nothing else, as it came.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        """Prepare; `quiet`: notes are dropped, errors are not."""
        self._out: TextIO = sys.stdout
        self.quiet = quiet
        self.is_terminal = self._out.isatty()
        self._styled = is_styled(self._out)
        self._notes_styled = is_styled(sys.stderr)
        self._wrapper = Wrapper(self._write, columns)
        self._markdown = MarkdownStream(self._wrapper)
        self._part: _Part = ""
        self._in_line = False
        self._waits = False

    def wait(self, seconds: int) -> None:
        """Say on a terminal that the answer has not begun; the answer takes the line's place."""
        if self._styled and not self._part:
            shown = styled("…" if seconds < 1 else f"… {seconds} s", DIM)
            self._out.write(f"{_ERASE_LINE}{shown}")
            self._out.flush()
            self._waits = True

    def reasoning(self, text: str) -> None:
        """Show reasoning: dimmed, or under a heading where there is no style; nowhere off a terminal."""
        if not self.is_terminal:
            return
        if self._part != "reasoning":
            self._begin("reasoning")
        shown = without_controls(text)
        if not self._styled:
            self._plain(shown)
        else:
            for number, line in enumerate(shown.split("\n")):
                if number:
                    self._wrapper.newline()
                self._wrapper.text(line, DIM)
        self._out.flush()

    def text(self, text: str) -> None:
        """Show text of the answer."""
        if self._part != "text":
            self._begin("text")
        shown = without_controls(text)
        if self._styled:
            self._markdown.feed(shown)
        else:
            self._plain(shown)
        self._out.flush()

    def end(self) -> None:
        """End an answer, complete or not, at the start of a line."""
        self._clear_wait()
        self._end_part()
        self._part = ""
        self._out.flush()

    def say(self, text: str) -> None:
        """Write what a command of the chat shows on stdout."""
        shown = without_controls(text)
        self._out.write(f"{fitted(shown) if self.is_terminal else shown}\n")
        self._out.flush()

    def note(self, text: str) -> None:
        """Write a note on stderr."""
        if not self.quiet:
            self._on_stderr(text)

    def error(self, text: str) -> None:
        """Write an error on stderr."""
        typer.echo(f"fondaco: {without_controls(text)}", err=True)

    def _on_stderr(self, text: str) -> None:
        shown = without_controls(text)
        if sys.stderr.isatty():
            shown = fitted(shown)
        typer.echo(styled(shown, DIM) if self._notes_styled else shown, err=True)

    def _begin(self, part: _Part) -> None:
        self._clear_wait()
        self._end_part()
        if self.is_terminal and not self._styled and (part == "reasoning" or self._part):
            self._out.write("[reasoning]\n" if part == "reasoning" else "\n[answer]\n")
        elif self._part:
            self._out.write("\n")
        self._part = part

    def _end_part(self) -> None:
        match self._part:
            case "text" if self._styled:
                self._markdown.end()
                self._markdown = MarkdownStream(self._wrapper)
            case "reasoning" if self._styled:
                self._wrapper.end()
            case _ if self._in_line:
                self._plain("\n")

    def _plain(self, text: str) -> None:
        self._out.write(text)
        self._in_line = not text.endswith("\n") if text else self._in_line

    def _write(self, text: str) -> None:
        self._out.write(text)

    def _clear_wait(self) -> None:
        if self._waits:
            self._out.write(_ERASE_LINE)
            self._waits = False


def fitted(text: str) -> str:
    """Return a text whose lines fit the terminal, what goes on indented by two."""
    return "\n".join(
        fill(
            line, columns(), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
        for line in text.split("\n")
    )


def columns() -> int:
    """Return the width of the terminal at present."""
    return get_terminal_size().columns


@contextmanager
def keys_unseen() -> Generator[None]:
    """Keep keys that are pressed meanwhile from showing within an answer; the next prompt gets them."""
    try:
        import termios

        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (ImportError, OSError, ValueError, termios.error):
        yield
        return
    unseen = [*before]
    unseen[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSANOW, unseen)
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
