"""Markdown on a terminal: styled as it arrives, whatever pieces it arrives in, and no word lost."""

import re

import pytest
from hypothesis import given, strategies as st

from fondaco.cli.chat.markdown import MarkdownStream
from fondaco.cli.chat.wrapping import Wrapper

SGR = re.compile(r"\x1b\[[0-9;]*m")
MARKS = st.text(alphabet=st.sampled_from("ab *_`#->|\\~1.\n\t漢"), max_size=60)


def shown(pieces: list[str], width: int = 10_000) -> str:
    written: list[str] = []
    stream = MarkdownStream(Wrapper(written.append, lambda: width))
    for piece in pieces:
        stream.feed(piece)
    stream.end()
    return "".join(written)


def plain(text: str, width: int = 10_000) -> str:
    return SGR.sub("", shown([text], width))


@pytest.mark.parametrize(
    ("text", "styled"),
    [
        ("a **b c** d", "a \x1b[1mb\x1b[0m \x1b[1mc\x1b[0m d\n"),
        ("a *b* _c_", "a \x1b[3mb\x1b[0m \x1b[3mc\x1b[0m\n"),
        ("`a * b`", "\x1b[36ma\x1b[0m \x1b[36m*\x1b[0m \x1b[36mb\x1b[0m\n"),
        ("## Title", "\x1b[1mTitle\x1b[0m\n"),
        ("- a\n  * b\n3. c", "• a\n  • b\n3. c\n"),
        ("> a", "\x1b[2m│\x1b[0m a\n"),
        ("2 * 3 a*b c*d 2**3 4**5 snake_case_name", "2 * 3 a*b c*d 2**3 4**5 snake_case_name\n"),
        ("**open and `open", "**open and `open\n"),
        (r"\*a\* C:\dir", "*a* C:\\dir\n"),
        (
            "```py\n**a**\n  `b`\n```\n*c*",
            "\x1b[2m```py\x1b[0m\n**a**\n  `b`\n\x1b[2m```\x1b[0m\n\x1b[3mc\x1b[0m\n",
        ),
        ("```\nnever closed", "\x1b[2m```\x1b[0m\nnever closed\n"),
        ("#hash\n-dash\n1.5", "#hash\n-dash\n1.5\n"),
    ],
)
def test_markers_become_styles(text: str, styled: str) -> None:
    assert shown([text]) == styled


@given(MARKS, st.data())
def test_pieces_do_not_matter(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert shown(pieces) == shown([text])


@given(MARKS, st.integers(5, 40))
def test_no_letter_is_lost_at_any_width(text: str, width: int) -> None:
    def letters(some: str) -> list[str]:
        return re.findall(r"[ab漢1]", some)

    assert letters(plain(text, width)) == letters(text)


@given(st.lists(st.text(alphabet="abc漢", min_size=1, max_size=8), max_size=30), st.integers(9, 40))
def test_lines_break_between_words(words: list[str], width: int) -> None:
    lines = plain(" ".join(words), width).split("\n")
    assert all(sum(2 if sign == "漢" else 1 for sign in line) <= max(width, 16) for line in lines)


def test_items_go_on_below_their_text() -> None:
    assert plain("- one two three four", 12) == "• one two\n  three four\n"


def test_a_long_line_of_markers_takes_no_longer_than_its_length() -> None:
    assert plain("*" * 1_000_000) == "*" * 1_000_000 + "\n"
    assert plain("a*b " * 250_000, 10**7) == "a*b " * 249_999 + "a*b\n"
