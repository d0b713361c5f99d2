"""Sentences: where texts are cut, and that nothing of them is lost."""

import time

import pytest
from hypothesis import given, strategies

from fondaco.engines.common.speech.sentences import LONGEST, sentences


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("One. Two! Three? Four", ["One. ", "Two! ", "Three? ", "Four"]),
        ("Wait... what? Yes.", ["Wait... what? ", "Yes."]),
        ("“Stop!” She ran. (Fast.) End.", ["“Stop!” ", "She ran. ", "(Fast.) ", "End."]),
        ("Dr. Smith met J. K. Rowling at 9:30 a.m. on Monday.", None),
        ("El Sr. García y la Sra. Ruiz, pág. 5.", None),
        ("It is 3.5 kg, i.e. too heavy, e.g. for St. Nick.", None),
        ("Line one\nLine two\n\n  three.", ["Line one\n", "Line two\n\n  ", "three."]),
        ("A line that\ngoes on.\nNew.", ["A line that\ngoes on.\n", "New."]),
        ("今日は。元気\uff1fはい\uff01", ["今日は。", "元気\uff1f", "はい\uff01"]),
        ("नमस्ते। आप कैसे हैं?", ["नमस्ते। ", "आप कैसे हैं?"]),
        ("  ... Hello. ", ["  ... Hello. "]),
        (". . . Now. Then.", [". . . Now. ", "Then."]),
        (
            "Visit https://a.example/b?c=d. Then leave.",
            ["Visit https://a.example/b?c=d. ", "Then leave."],
        ),
        ("", []),
        (" ", [" "]),
    ],
)
def test_texts_are_cut_at_the_ends_of_sentences(text: str, cut: list[str] | None) -> None:
    assert list(sentences(text)) == ([text] if cut is None else cut)


@pytest.mark.parametrize("part", [".", "\n", " ", ". ", ".)", "a.", "\u3002", "!\n", ")", ". \n"])
def test_no_text_takes_long_to_cut(part: str) -> None:
    begun = time.process_time()
    assert "".join(sentences(part * 4_096)) == part * 4_096
    assert time.process_time() - begun < 0.5


def test_a_long_sentence_is_cut_at_a_clause_else_at_a_space_else_anywhere() -> None:
    clauses = "This clause goes on, " * 20
    assert all(part.endswith(", ") for part in sentences(clauses))
    words = "word " * 100
    assert all(part.endswith(" ") for part in sentences(words))
    assert [len(part) for part in sentences("a" * (2 * LONGEST + 1))] == [LONGEST, LONGEST, 1]


def test_a_number_that_would_be_said_for_a_minute_is_cut() -> None:
    assert [len(part) for part in sentences("7" * 100 + " is long.")] == [40, 40, 29]
    assert [len(part) for part in sentences("7" * 40 + " is not.")] == [48]


@pytest.mark.parametrize("sign", ["½", "<", "%", "€", "@%", "10^", "+1 555 "])
def test_signs_that_would_be_said_for_minutes_are_cut(sign: str) -> None:
    text = sign * (LONGEST // len(sign))
    parts = list(sentences(text))
    assert "".join(parts) == text
    assert max(map(len, parts)) < LONGEST / 2
    bill = "It costs 5% more: €14.50 & 3/4 of it, that is, half as much again as in the spring of the year. "
    assert list(sentences(bill)) == [bill]


@given(strategies.text(alphabet="aZ1 .!?,。\n\t\"'()\N{FAMILY}\ud800", max_size=120))
def test_no_character_is_lost_and_none_is_too_much(text: str) -> None:
    parts = list(sentences(text, longest=20))
    assert "".join(parts) == text
    assert all(0 < len(part) <= 20 for part in parts)
