"""Markdown, styled as it arrives: what is written is final, so that nothing flickers or is drawn twice.

A span such as `**bold**` is held back until it closes; one that does not close soon is written as it came. No
character of an answer is lost but the markers of spans and headings that are styled.
"""

import re

from fondaco.cli.chat.wrapping import Wrapper

BOLD, DIM, ITALIC, UNDERLINE, CODE = "1", "2", "3", "4", "36"
"""Parameters of SGR (ECMA-48)."""
_LONGEST_SPAN = 200
"""Characters that are held back at most, while a span may still close; the patterns below have it, too."""
_SPANS = (
    (re.compile(r"(`+)(?!`)(.{1,200}?)(?<!`)\1(?!`)"), CODE),
    (re.compile(r"(\*\*|__)(?=[^\s*_])(.{1,200}?)(?<=\S)\1"), BOLD),
    (re.compile(r"(\*)(?=[^\s*])([^*]{1,200}?)(?<=\S)\1(?![\w*])"), ITALIC),
    (re.compile(r"(_)(?=[^\s_])([^_]{1,200}?)(?<=\S)\1(?!\w)"), ITALIC),
)
_SPECIAL = re.compile(r"[`*_\\]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_UNDECIDED = re.compile(r"[ \t]*(#{0,6}|`{0,2}|~{0,2}|[-+*]|\d{1,3}[.)]?|>)")
"""The start of a line that may still become a heading, a fence, an item or a quotation."""
_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})([^`\n]*)")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+")
_ITEM = re.compile(r"([ \t]*)([-+*]|\d{1,3}[.)])[ \t]+(?=\S)")
_ITEM_BEGINS = re.compile(r"[ \t]*([-+*]|\d{1,3}[.)])[ \t]+")
_QUOTE = re.compile(r" {0,3}>[ \t]?")
_BLANKS = re.compile(r"[ \t]*")


class MarkdownStream:
    """Writes Markdown to a terminal, piece by piece."""

    def __init__(self, wrapper: Wrapper) -> None:
        """Prepare for the start of a text."""
        self._to = wrapper
        self._held = ""
        """The text that is not written yet."""
        self._at = 0
        """The index of its next character."""
        self._line_end = -1
        """The end of its line; before `_at`: not known."""
        self._ended = False
        self._in_line = False
        self._is_table = False
        self._fence = ""
        """The fence that closes the code block, while one is open."""
        self._style = ""
        """Of the whole line."""
        self._after_word = False

    def feed(self, text: str) -> None:
        """Write what a piece decides."""
        self._held = self._held[self._at :] + text
        self._at, self._line_end = 0, -1
        while self._at < len(self._held) and self._step():
            pass

    def end(self) -> None:
        """Write what is held back, and end the line."""
        self._ended = True
        self.feed("")
        self._to.end()

    def _step(self) -> bool:
        """Write something; False: it depends on what comes next."""
        if self._fence:
            return self._code()
        return self._span() if self._in_line else self._begin_line()

    def _end_of_line(self) -> int:
        """Return where the line ends, or the text so far."""
        if self._line_end < self._at:
            found = self._held.find("\n", self._at)
            self._line_end = len(self._held) if found < 0 else found
        return self._line_end

    @property
    def _is_open(self) -> bool:
        """Whether the line may go on in the next piece."""
        return not self._ended and self._end_of_line() == len(self._held)

    def _begin_line(self) -> bool:
        end = self._end_of_line()
        undecided = _UNDECIDED.fullmatch(self._held, self._at, end)
        item = _ITEM_BEGINS.fullmatch(self._held, self._at, end)
        fence = _FENCE.match(self._held, self._at, end)
        if self._is_open and (undecided or item or fence):
            return end - self._at > _LONGEST_SPAN and self._plain_line()
        if fence and fence.end() == end:
            self._fence = fence[2]
            self._to.verbatim(self._held[self._at : end], DIM)
            self._next_line(end)
            return True
        return self._plain_line()

    def _plain_line(self) -> bool:
        """Begin a line that is no fence."""
        end, self._in_line = self._end_of_line(), True
        self._is_table = self._held.startswith("|", self._at)
        if heading := _HEADING.match(self._held, self._at, end):
            self._style = f"{BOLD};{UNDERLINE}" if heading[1] == "#" else BOLD
            self._at = heading.end()
        elif quote := _QUOTE.match(self._held, self._at, end):
            self._to.text("│ ", DIM)
            self._to.indent, self._at = 2, quote.end()
        elif item := _ITEM.match(self._held, self._at, end):
            mark = item[2] if item[2][0].isdigit() else "•"
            blanks = item[1].expandtabs(4)
            self._to.text(f"{blanks}{mark} ")
            self._to.indent, self._at = len(blanks) + len(mark) + 1, item.end()
        else:
            blanks = _BLANKS.match(self._held, self._at, end)
            self._to.indent = 0 if blanks is None else len(blanks[0].expandtabs(4))
        self._after_word = False
        return True

    def _span(self) -> bool:
        end = self._end_of_line()
        if self._at == end:
            self._next_line(end)
            return True
        special = _SPECIAL.search(self._held, self._at, end)
        if special is None or special.start() > self._at:
            self._write(self._held[self._at : end if special is None else special.start()])
            return True
        for pattern, style in _SPANS:
            span = pattern.match(self._held, self._at, end)
            if span is None or (style != CODE and self._after_word):  # such as a product, a power
                continue
            if self._is_open and span.end() == end:
                return False  # the marker may go on
            self._at = span.end()
            self._put(span[2], ";".join(filter(None, (self._style, style))))
            return True
        return self._unstyled(end)

    def _unstyled(self, end: int) -> bool:
        """Write a marker that styles nothing, unless what it begins may still close."""
        if self._is_open and end - self._at <= _LONGEST_SPAN and self._may_open(end):
            return False
        if escaped := _ESCAPED.match(self._held, self._at, end):
            self._at = escaped.end()
            self._put(escaped[1], self._style)
            return True
        mark = self._held[self._at]
        stop = self._at
        while stop < end and self._held[stop] == mark:
            stop += 1
        self._write(self._held[self._at : stop])
        return True

    def _may_open(self, end: int) -> bool:
        """Whether what stands here may begin a span, as far as the line is known."""
        mark, stop = self._held[self._at], self._at
        while stop < end and self._held[stop] == mark:
            stop += 1
        if stop == end or mark == "`":
            return True
        inside_word = mark != "`" and self._after_word
        return mark != "\\" and not inside_word and not self._held[stop].isspace()

    def _code(self) -> bool:
        """Write code as it is, up to the fence that closes it."""
        end = self._end_of_line()
        if not self._in_line:
            blanks = _BLANKS.match(self._held, self._at, end)
            start = self._at if blanks is None else blanks.end()
            rest = self._held[start : min(end, start + _LONGEST_SPAN)].rstrip()
            is_mark = rest == self._fence[0] * len(rest)
            if self._is_open and is_mark:
                return False
            if is_mark and len(rest) >= len(self._fence):
                self._to.verbatim(self._held[self._at : end], DIM)
                self._fence = ""
                self._next_line(end)
                return True
            self._in_line = True
        self._to.verbatim(self._held[self._at : end])
        self._at = end
        if end < len(self._held):
            self._next_line(end)
        return True

    def _next_line(self, end: int) -> None:
        self._in_line, self._style, self._at = False, "", end
        if end < len(self._held):
            self._to.newline()
            self._at = end + 1

    def _write(self, text: str) -> None:
        self._at += len(text)
        self._put(text, self._style)

    def _put(self, text: str, style: str) -> None:
        self._after_word = text[-1:].isalnum()
        put = self._to.verbatim if self._is_table else self._to.text
        put(text, style)
