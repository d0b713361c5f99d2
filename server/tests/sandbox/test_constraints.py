"""Guides before children: what is refused, what ends a child, and which texts fit."""

import os
from collections.abc import AsyncGenerator

import pytest

from fondaco.domain.output_format.output_format import Choices, Constraint, Grammar, Regex
from fondaco.ports import Enforcement
from fondaco.sandbox.constraints import constraint_error, constraint_mismatch, wire_format
from fondaco.sandbox.output_formats import SandboxedOutputFormats

JSON = r"""
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ws
ws     ::= | " " | "\n" [ \t]{0,20}
"""
QUERY = """
start: "SELECT " column ("," column)* " FROM " TABLE [" WHERE " column " = " NUMBER]
column: /[a-z_]{1,20}/
TABLE: "users" | "orders"
%import common.INT -> NUMBER
"""
HOSTILE = {
    "a grammar that is read in many ways": Grammar("start: s\ns: s s s | s s | /[a-z ]/"),
    "a chain that overflows the stack": Grammar(
        "start: r0\n" + "\n".join(f"r{n}: r{n + 1}" for n in range(20_000)) + '\nr20000: "a"'
    ),
}
UNUSABLE: dict[str, tuple[Constraint, str]] = {
    "no regex": (Regex("a("), "is not a valid regular expression: missing )"),
    "an escape of another language": (Regex(r"\p{L}"), "bad escape"),
    "sets within sets": (Regex("[[a]b]"), "is ambiguous"),
    "intersections": (Regex("[a-z&&[^b]]"), "is ambiguous"),
    "look-ahead": (Regex("(?=a)a"), "look-around"),
    "references back": (Regex(r"(a)\1"), "backreferences are not supported"),
    "bounds of words": (Regex(r"a\b"), "cannot be converted to a grammar"),
    "a regex that nothing matches": (Regex(r"[^\s\S]"), "no text matches it"),
    "no grammar": (Grammar('start "a"'), "Expected token ':'"),
    "a rule that is missing": (Grammar("start: other"), 'unknown name: "other"'),
    "no beginning": (Grammar('root: "a"'), "no start rule"),
    "GBNF cut off": (Grammar('root ::= "a'), "in line 1"),
    "GBNF without a root": (Grammar('other ::= "a"'), "no rule 'root'"),
    "only itself": (Grammar("start: start"), "no text matches it"),
    "one of two that are each other": (Grammar("start: a\na: b\nb: a"), "no text matches it"),
    "a text without end": (Grammar('start: "a" b\nb: "c" b'), "is too complex"),
    "a hundred repetitions, thrice": (
        Grammar('root ::= (("a"{0,100}){0,100}){0,100}'),
        "cannot be converted to a grammar",
    ),
    "too much that may be left out": (
        Grammar("start: " + "(/[a-z]/? /[a-z ]/?) " * 150),
        "is too complex",
    ),
}
USABLE = [
    Regex(r"\w+@\w+\.com\n?"),
    Regex(r".*a.{18}"),
    Regex(r"(a+)+b"),
    Regex(r"^(\d{3}-){2}\d{4}$"),
    Regex("(?i)yes|no"),
    Regex("a/b\nc"),
    Choices(("yes", "no", "yes, but", 'a "b" \\ \x01 é 😀')),
    Grammar(JSON),
    Grammar(QUERY),
    Grammar('root ::= root "a" | "b"'),
]


@pytest.fixture(scope="module")
async def forms() -> AsyncGenerator[SandboxedOutputFormats]:
    forms = SandboxedOutputFormats(wait_s=30)
    yield forms
    await forms.aclose()


@pytest.mark.parametrize("constraint", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_guide_ends_its_child_and_the_next_one_is_judged(
    forms: SandboxedOutputFormats, constraint: Constraint
) -> None:
    await forms.constraint_error(Regex("a"), scope="1")
    before = forms.child_pids
    assert "too complex" in str(await forms.constraint_error(constraint, scope="1"))
    assert len(before) - len(forms.child_pids) == 1
    assert await forms.constraint_error(Regex("b"), scope="1") is None


@pytest.mark.parametrize(("constraint", "why"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_constraint_that_no_answer_can_satisfy_is_refused_with_the_reason(
    constraint: Constraint, why: str
) -> None:
    assert why in str(constraint_error(*wire_format(constraint)))


@pytest.mark.parametrize("constraint", USABLE, ids=range(len(USABLE)))
def test_a_guide_that_answers_can_follow_has_no_flaw(constraint: Constraint) -> None:
    assert constraint_error(*wire_format(constraint)) is None


async def test_a_guide_that_was_judged_is_not_judged_again(forms: SandboxedOutputFormats) -> None:
    constraint = Regex("judged (once|twice)")
    assert await forms.constraint_error(constraint, scope="1") is None
    await forms.aclose()
    assert await forms.constraint_error(constraint, scope="1") is None
    assert forms.child_pids == ()


@pytest.mark.parametrize(
    ("constraint", "fits", "fits_not"),
    [
        (Regex("a{2}b?"), ["aa", "aab"], ["", "aab\n", "xaab", "a"]),
        (Regex("^ab$"), ["ab"], ["ab\n"]),
        (Regex("(a+)+b"), ["aaab"], ["a" * 5_000]),
        (Choices(("yes", "no")), ["no"], ["", "ye", "yes no"]),
        (Grammar(JSON), ['{"a": [1, -2.5, "é"]}', "{}"], ["{", "[]", '{"a":}', "{} x"]),
        (
            Grammar(QUERY),
            ["SELECT a,b FROM users", "SELECT a FROM orders WHERE b = 12"],
            ["SELECT a FROM x", "SELECT a FROM users WHERE"],
        ),
    ],
    ids=["regex", "anchors", "nested", "choices", "gbnf", "lark"],
)
def test_a_text_fits_or_does_not(
    constraint: Constraint, fits: list[str], fits_not: list[str]
) -> None:
    for text in fits:
        assert constraint_mismatch(text, *wire_format(constraint)) is None
    for text in fits_not:
        assert (
            constraint_mismatch(text, *wire_format(constraint))
            == f"does not fit {constraint.field_path}"
        )


async def test_a_child_tells_what_is_wrong_with_a_guide_and_with_a_text(
    forms: SandboxedOutputFormats,
) -> None:
    assert await forms.constraint_error(Choices(("yes", "no")), scope="1") is None
    assert "is not a valid regular expression" in str(
        await forms.constraint_error(Regex("("), scope="1")
    )
    assert await forms.constraint_mismatch(Choices(("yes", "no")), "no") is None
    assert await forms.constraint_mismatch(Regex("a+"), "b") == "does not fit guided_regex"


async def test_white_space_of_json_may_be_constrained_by_a_regex(
    forms: SandboxedOutputFormats,
) -> None:
    schema = '{"type":"object","properties":{"a":{"type":"integer"}}}'
    assert (
        await forms.schema_error(schema, Enforcement.GRAMMAR, scope="1", whitespace=r"[ \n]?")
        is None
    )
    assert "cannot be converted to a grammar" in str(
        await forms.schema_error(schema, Enforcement.GRAMMAR, scope="1", whitespace="(")
    )


async def test_a_child_that_judges_writes_no_file(forms: SandboxedOutputFormats) -> None:
    await forms.constraint_error(Regex("z"), scope="1")
    for pid in forms.child_pids:
        with open(f"/proc/{pid}/limits") as limits:  # noqa: ASYNC230, PTH123 - of the kernel's
            told = limits.read()
        assert "Max file size             0                    0" in told
        assert pid != os.getpid()
