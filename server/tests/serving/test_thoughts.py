"""What a choice thinks, told apart from what it says."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.chat.events import Reasoning, Text, TokenLogprob
from fondaco.serving.chat.output.think_tags import ThinkTagParser


def _told(pieces: Iterable[str], *, inside: bool = False) -> tuple[str, str]:
    """Return all thoughts and all text in an answer that comes in pieces."""
    heard = _heard([Text(0, piece) for piece in pieces], inside=inside)
    return (
        "".join(one.text for one in heard if isinstance(one, Reasoning)),
        "".join(one.text for one in heard if isinstance(one, Text)),
    )


def _heard(pieces: Iterable[Text], *, inside: bool = False) -> list[Text | Reasoning]:
    thoughts = ThinkTagParser(inside=inside)
    heard = [event for piece in pieces for event in thoughts.feed(piece)]
    return heard + list(thoughts.interrupt(0))


@pytest.mark.parametrize(
    ("answer", "thought", "text"),
    [
        ("Yes.", "", "Yes."),
        ("\n\n  Yes.", "", "\n\n  Yes."),
        ("<think>Hm.</think>Yes.", "Hm.", "Yes."),
        ("<think>\nHm.\n</think>\n\nYes.\n", "Hm.", "Yes.\n"),
        ("\n<think>\n\n</think>\n\nYes.", "", "Yes."),
        ("<think>\nHm.\n\nSo.\n</think>\nYes.", "Hm.\n\nSo.", "Yes."),
        ("<think>a < b, </b></think>Yes.", "a < b, </b>", "Yes."),
        ("<think>Hm.</think>\n<think>So.</think>Yes.", "Hm.\n\nSo.", "Yes."),
        ("<think><think>Hm.</think>Yes.", "Hm.", "Yes."),
        ("<think>Hm", "Hm", ""),
        ("<think>Hm</thi", "Hm</thi", ""),
        ("<think>Hm</think>", "Hm", ""),
        ("<think>Hm</think>\n<thi", "Hm", "<thi"),
        ("Write <think> first.</think>", "", "Write <think> first.</think>"),
        ("<think>Hm</think>Write <think>.</think>", "Hm", "Write <think>.</think>"),
        ("<thinking>Yes", "", "<thinking>Yes"),
        ("<thi", "", "<thi"),
        ("</think>Yes.", "", "</think>Yes."),
        ("  ", "", "  "),
        ("", "", ""),
    ],
)
def test_blocks_at_the_beginning_are_thoughts_and_the_rest_is_text(
    answer: str, thought: str, text: str
) -> None:
    assert _told([answer]) == (thought, text)
    assert _told(answer) == (thought, text)


@pytest.mark.parametrize(
    ("answer", "thought", "text"),
    [
        ("Hm.\n</think>\n\nYes.", "Hm.", "Yes."),
        ("<think>\nHm.</think>Yes.", "Hm.", "Yes."),
        ("</think>Yes.", "", "Yes."),
        ("Hm.", "Hm.", ""),
        ("Hm.</think><think>So.</think>Yes.", "Hm.\n\nSo.", "Yes."),
    ],
)
def test_an_answer_may_begin_within_a_thought(answer: str, thought: str, text: str) -> None:
    assert _told([answer], inside=True) == (thought, text)
    assert _told(answer, inside=True) == (thought, text)


_ANSWERS = st.lists(
    st.sampled_from(["<think>", "</think>", "<", "</", "think>", "\n", " ", "Hm", "é", "<b>", "x"]),
    max_size=12,
).map("".join)


@st.composite
def _cut(draw: st.DrawFn) -> tuple[str, list[str]]:
    answer = draw(_ANSWERS)
    cuts = sorted(draw(st.sets(st.integers(0, len(answer)), max_size=8)))
    ends = [0, *cuts, len(answer)]
    return answer, [answer[a:b] for a, b in itertools.pairwise(ends)]


@given(cut=_cut(), inside=st.booleans())
def test_however_an_answer_is_cut_it_says_the_same(
    *, cut: tuple[str, list[str]], inside: bool
) -> None:
    answer, pieces = cut
    assert _told(pieces, inside=inside) == _told([answer], inside=inside)


@given(cut=_cut(), inside=st.booleans(), tokens=st.integers(0, 7))
def test_no_token_is_lost_or_counted_twice(
    *, cut: tuple[str, list[str]], inside: bool, tokens: int
) -> None:
    heard = _heard([Text(0, piece, tokens) for piece in cut[1]], inside=inside)
    assert sum(event.tokens for event in heard) == tokens * len(cut[1])
    assert all(event.tokens >= 0 for event in heard)


@given(cut=_cut(), inside=st.booleans())
def test_what_has_tokens_and_no_text_is_a_thought(
    *, cut: tuple[str, list[str]], inside: bool
) -> None:
    heard = _heard([Text(0, piece) for piece in cut[1] if piece], inside=inside)
    assert all(event.text or (isinstance(event, Reasoning) and event.tokens) for event in heard)


@given(cut=_cut(), inside=st.booleans())
def test_the_text_keeps_its_own_log_probabilities(
    *, cut: tuple[str, list[str]], inside: bool
) -> None:
    pieces = [Text(0, piece, 1, (_logprob(piece),)) for piece in cut[1] if piece]
    for event in _heard(pieces, inside=inside):
        if isinstance(event, Text):
            weighed = "".join(token.token for token in event.logprobs or ())
            assert weighed.endswith(event.text)


def test_the_log_probabilities_of_thoughts_are_dropped() -> None:
    tokens = ("<think>", "Hm", "</think>", "\n\n", "Yes", ".")
    whole = Text(0, "".join(tokens), 6, tuple(map(_logprob, tokens)))
    thought, text = _heard([whole])
    assert thought == Reasoning(0, "Hm", 4)
    assert text == Text(0, "Yes.", 2, (_logprob("Yes"), _logprob(".")))


def test_tokens_of_a_piece_are_divided_by_length() -> None:
    thought, text = _heard([Text(0, "<think>12345678901234567</think>" + "x" * 16, 12)])
    assert (thought.tokens, text.tokens) == (8, 4)


def test_text_is_passed_on_as_it_is_once_it_has_begun() -> None:
    thoughts = ThinkTagParser()
    thoughts.feed(Text(0, "Yes"))
    piece = Text(0, "<think>")
    assert thoughts.feed(piece)[0] is piece


def test_reasoning_reported_by_the_engine_ends_the_templates_block() -> None:
    thoughts = ThinkTagParser(inside=True)
    thoughts.end_block()
    assert thoughts.feed(Text(0, "\nYes")) == (Text(0, "Yes"),)


def _logprob(token: str) -> TokenLogprob:
    return TokenLogprob(token, -0.5, None)


@pytest.mark.parametrize("before", ["", "<think>Ah.", "<think>Ah.</think>", "<think>"])
def test_white_space_without_end_is_not_held_without_end(before: str) -> None:
    thoughts, told = ThinkTagParser(), 0
    for piece in (before, *[" " * 100] * 500):
        told += sum(one.tokens for one in thoughts.feed(Text(0, piece)))
        assert len(thoughts._held) <= 1_200
    told += sum(one.tokens for one in thoughts.interrupt(0))
    assert told == 501
