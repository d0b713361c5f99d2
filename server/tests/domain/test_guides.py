"""Guides: how large they may be, and what they are in Lark."""

import pytest

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.output_format import gbnf
from fondaco.domain.output_format.constraint_bounds import expect_constraint_bounded
from fondaco.domain.output_format.output_format import Choices, Constraint, Grammar, Regex

TOO_LARGE: dict[str, tuple[Constraint, str]] = {
    "no regex": (Regex(""), "is empty"),
    "a long regex": (Regex("a" * 16_385), "16385 bytes"),
    "a character often": (Regex("a{100000}"), "up to 100000 characters"),
    "repetitions of repetitions": (Regex("((a{100}){100}){100}"), "up to 1000000 characters"),
    "a deep regex": (Regex("(" * 51 + "a" + ")" * 51), "nested 51 deep"),
    "no choices": (Choices(()), "is empty"),
    "an empty choice": (Choices(("a", "")), "an empty text"),
    "many choices": (Choices(("a",) * 1_001), "1001 texts"),
    "long choices": (Choices(("a" * 9_000, "b" * 9_000)), "18000 bytes"),
    "no grammar": (Grammar(""), "is empty"),
    "a chain of rules": (
        Grammar("start: r0\n" + "\n".join(f"r{n}: r{n + 1}" for n in range(501))),
        "502 rules",
    ),
    "a chain of GBNF": (
        Grammar("root ::= r0\n" + "\n".join(f"r{n} ::= r{n + 1}" for n in range(501))),
        "502 rules",
    ),
    "a deep grammar": (Grammar("start: " + "(" * 51 + '"a"' + ")" * 51), "nested 51 deep"),
    "many repetitions": (Grammar('start: "a"{600} "b"{0,600}'), "repeats 1200 times"),
    "repetitions by Lark": (Grammar('start: "a" ~ 600 "b" ~ 1..600'), "repeats 1200 times"),
    "a regex within": (Grammar("start: /a{5000}/"), "up to 5000 characters"),
}


@pytest.mark.parametrize(("constraint", "why"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_refused_before_anything_reads_it(
    constraint: Constraint, why: str
) -> None:
    with pytest.raises(InvalidRequestError, match=why) as refused:
        expect_constraint_bounded(constraint)
    assert refused.value.faults
    assert constraint.field_path in refused.value.faults


@pytest.mark.parametrize(
    "constraint",
    [
        Regex(r"[A-Z]\w{1,40}(, [A-Z]\w{1,40}){0,9}"),
        Regex(r"\(((\(\{\}\)))"),
        Choices(tuple(str(number) for number in range(1_000))),
        Grammar('start: "a{9999}" /[(]/ // (((( {9999}\n'),
        Grammar('root ::= "((((" [({:] # a{9999}\n'),
        Grammar("start: " + " | ".join(f'"{n}: ::= x"' for n in range(600))),
    ],
    ids=str,
)
def test_what_is_usual_is_within_all_bounds(constraint: Constraint) -> None:
    expect_constraint_bounded(constraint)


GBNF = {
    'root ::= "yes" | "no"': 'start: "yes" | "no"',
    'root ::= (\n "a"\n | "b")+ # or both\n': 'start: ( "a" | "b" ) +',
    "root ::= one-word ONE_WORD\none-word ::= .\nONE_WORD ::= [a-c]{2, 3}": (
        "start: one_word_ one_word_2\none_word_: /(?s:.)/\none_word_2: /[\\x{61}-\\x{63}]/ {2,3}"
    ),
    r'root ::= "\x41\u00e9\U0001F600\n\"\\"': r'start: "Aé😀\n\"\\"',
    r"root ::= [^\]\t-]": r"start: /[^\x{5d}\x{9}\x{2d}]/",
    r"root ::= [-a]": r"start: /[\x{2d}\x{61}]/",
    'a ::= ""\nroot ::= a?': 'a_: ""\nstart: a_ ?',
}


@pytest.mark.parametrize(("written", "lark"), GBNF.items())
def test_gbnf_means_the_same_in_lark(written: str, lark: str) -> None:
    assert gbnf.is_gbnf(written)
    assert gbnf.lark_of(written) == lark


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ('root ::= "a', "from '\"a' in line 1"),
        ('root ::= "a"\n  !', "in line 2"),
        ('other ::= "a"', "no rule 'root'"),
        ('"a" ::=', "does not start with a rule"),
        (r'root ::= "\q"', "in line 1"),
        (r'root ::= "\ud800"', "not a character"),
        (r'root ::= "\UFFFFFFFF"', "not a character"),
    ],
)
def test_invalid_gbnf_is_reported_with_its_position(written: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        gbnf.lark_of(written)
