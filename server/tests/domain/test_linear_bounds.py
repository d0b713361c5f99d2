"""What judges a caller's expressions and grammars takes time that grows with their size alone.

At the largest size that is taken a quadratic look takes seconds; the bound is a hundred times more
than what these take.
"""

import time

import pytest

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.output_format.constraint_bounds import expect_constraint_bounded
from fondaco.domain.output_format.gbnf import is_gbnf, lark_of
from fondaco.domain.output_format.output_format import Constraint, Grammar, Regex
from fondaco.domain.output_format.schema_bounds import MOST_BYTES, expect_bounded, unrolled

SIZE = MOST_BYTES - 100
MARKS = (
    *(
        "[",
        "[a",
        "[\\",
        "[^",
        "[]",
        "[^]",
        '"',
        '"\\',
        '\\"',
        "/",
        "/\\",
        "\\/",
        "/a",
        "#",
        "(",
        "{",
    ),
    *(
        "{ ",
        "{1",
        "{1,",
        "{1, ",
        "1",
        "~",
        "~1",
        "~1 ",
        ".",
        "a ",
        "a-",
        "a\n",
        "\\",
        "::=",
        " ",
        "\n",
    ),
)


def filled(begin: str, mark: str) -> str:
    return begin + mark * ((SIZE - len(begin)) // len(mark))


def judge(constraint: Constraint) -> None:
    try:
        expect_constraint_bounded(constraint)
    except InvalidRequestError:
        return
    if isinstance(constraint, Grammar) and is_gbnf(constraint.rules):
        try:
            lark_of(constraint.rules)
        except ValueError:
            return


@pytest.mark.parametrize("mark", MARKS)
def test_no_mark_that_comes_again_and_again_takes_long(mark: str) -> None:
    began = time.process_time()
    for begin in ("", "[", '"', "/", "{1,", "~1", "a"):
        judge(Grammar(filled(f'root ::= "a"\n{begin}', mark)))
        judge(Grammar(filled(f'start: "a"\n{begin}', mark)))
        judge(Regex(filled(begin, mark)))
    assert time.process_time() - began < 5


def test_a_pattern_of_a_schema_is_judged_as_quickly() -> None:
    began = time.process_time()
    for pattern in ("[" * 8_000, "{" * 8_000, "a{" + "1" * 8_000, "[\\" * 4_000):
        try:
            expect_bounded(f'{{"pattern":"{pattern.replace(chr(92), chr(92) * 2)}"}}', "schema")
        except InvalidRequestError:
            continue
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("pattern", "characters"),
    [
        ("[]a{500}", 501),
        ("[^]a{500}", 501),
        ("[a]b{500}", 501),
        ("[a{500}]", 1),
        ("[]]{500}", 500),
        ("[\\]]{500}", 500),
        ("(ab{2}){3}", 9),
    ],
)
def test_no_class_hides_a_repetition_behind_it(pattern: str, characters: int) -> None:
    assert unrolled(pattern) == characters


@pytest.mark.parametrize(
    "rules",
    [
        'root ::= "a\nb" x{5000} "c\nd"\nx ::= "x"',
        'root ::= "a\\"" x{5000}\nx ::= "x"',
        'root ::= [\\]] x{5000}\nx ::= "x"',
        'start: "a\\"" x~5000\nx: "x"',
        'start: /[\\/]/ x~5000\nx: "x"',
    ],
)
def test_no_text_hides_a_repetition_behind_it(rules: str) -> None:
    with pytest.raises(InvalidRequestError, match="repeats"):
        expect_constraint_bounded(Grammar(rules))
