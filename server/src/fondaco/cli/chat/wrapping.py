"""Words that are written to a terminal as they arrive, lines broken between them."""

import re
from collections.abc import Callable

_RUNS = re.compile(
    r"[^\S\n]+|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60"
    r"\U0001f300-\U0001faff\U00020000-\U0003fffd]"
    r"|[^\s\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60"
    r"\U0001f300-\U0001faff\U00020000-\U0003fffd]+"
)
"""Blanks, a sign that is two columns wide, between which lines may break, or the rest of a word."""
_TAB = "    "
_MOST_INDENT_SHARE = 3
"""Lines are indented by no more than a third of the terminal."""


def styled(text: str, style: str) -> str:
    """Return a text with the parameters of SGR (ECMA-48) before it, and a reset after it."""
    return f"\x1b[{style}m{text}\x1b[0m" if style and text else text


class Wrapper:
    """Writes words as soon as they are whole, and breaks the line before one that does not fit.

    The terminal's width is read at every word, so that a resized window is filled from the next word on.
    """

    def __init__(self, write: Callable[[str], None], width: Callable[[], int]) -> None:
        """Prepare to write to a terminal at the start of a line."""
        self._write = write
        self._width = width
        self._column = 0
        self._space = ""
        self._word: list[str] = []
        self._word_width = 0
        self.indent = 0
        """Columns before the lines that a broken line goes on in."""

    def text(self, text: str, style: str = "") -> None:
        """Write words and blanks; the last word is held back, as it may go on."""
        for run in _RUNS.findall(text):
            if run.isspace():
                self._end_word()
                self._space += run.replace("\t", _TAB)
                continue
            columns = _columns(run)
            if columns > 1 and len(run) == 1:
                self._end_word()
            self._word.append(styled(run, style))
            self._word_width += columns
            if self._word_width >= self._width():
                self._end_word()

    def verbatim(self, text: str, style: str = "") -> None:
        """Write text that the terminal alone breaks, such as code."""
        self._end_word()
        self._write(self._space + styled(text, style))
        self._column += len(self._space) + _columns(text)
        self._space = ""

    def newline(self) -> None:
        """End the line."""
        self._end_word()
        self._write("\n")
        self._column, self._space, self.indent = 0, "", 0

    def end(self) -> None:
        """Write what is held back, and end the line if one has begun."""
        self._end_word()
        if self._column:
            self.newline()
        self._space = ""

    def _end_word(self) -> None:
        if not self._word:
            return
        width = max(1, self._width())
        if self._column and self._column + len(self._space) + self._word_width > width:
            indent = min(self.indent, width // _MOST_INDENT_SHARE)
            self._write("\n" + " " * indent)
            self._column = indent
        else:
            self._write(self._space)
            self._column += len(self._space)
        self._write("".join(self._word))
        self._column += self._word_width
        if self._column > width:
            self._column = (self._column - 1) % width + 1  # the terminal broke the line
        self._space, self._word, self._word_width = "", [], 0


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
