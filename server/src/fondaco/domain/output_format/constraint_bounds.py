"""Size limits of callers' regular expressions, choices and grammars.

As with schemas, the checks only count, before anything is compiled.
"""

import re
from typing import assert_never

from fondaco.domain.errors import InvalidRequestError
from fondaco.domain.output_format.gbnf import is_gbnf
from fondaco.domain.output_format.output_format import Choices, Constraint, Grammar, Regex
from fondaco.domain.output_format.schema_bounds import (
    MOST_BYTES,
    MOST_CHOICES,
    MOST_NESTING,
    MOST_PATTERN,
    unrolled,
)

MOST_RULES = 500
MOST_REPEATS = 1_000
"""Sum of all repetitions in the rules of a grammar."""

_REMARK = r"(?://|#)[^\n]*"
# An unclosed literal matches to the end of the text, so the scan stays linear.
_LINE_ENDS = r"\\?(?:(?=\n)|\Z)"
_LARK = re.compile(
    rf'"(?:\\.|[^"\\\n])*+(?:"|{_LINE_ENDS})|{_REMARK}'
    rf"|/(?P<regex>(?:\\.|[^/\\\n])++)(?:/|{_LINE_ENDS})"
)
_GBNF = re.compile(
    r'(?s:"(?:\\.|[^"\\])*+(?:"|\\?\Z))|#[^\n]*|(?P<regex>(?s:\[(?:\\.|[^\]\\])*+(?:\]|\\?\Z)))'
)
_REPEATS = re.compile(r"\{\s*+(\d++)\s*+(?:,\s*+(\d*+)\s*+)?\}|~\s*+(\d++)(?:\s*+\.\.\s*+(\d++))?")
_RULE = re.compile(r"::=|:")


def expect_constraint_bounded(constraint: Constraint) -> None:
    """Check that a constraint is within all bounds.

    Raises:
        InvalidRequestError: it is not; the fault stands where the caller sent it.
    """
    match constraint:
        case Regex(pattern):
            fault = _size_fault(pattern) or _regex_fault(pattern)
        case Choices(options):
            fault = _size_fault("".join(options)) or _choices_fault(options)
        case Grammar(rules):
            fault = _size_fault(rules) or _grammar_fault(rules)
        case _:
            assert_never(constraint)
    if fault is not None:
        raise InvalidRequestError(
            f"{constraint.field_path} {fault}.", faults={constraint.field_path: (fault,)}
        )


def _size_fault(text: str) -> str | None:
    if not text:
        return "is empty"
    if (size := len(text.encode())) > MOST_BYTES:
        return f"is {size} bytes long; the maximum is {MOST_BYTES}"
    return None


def _regex_fault(pattern: str) -> str | None:
    if (depth := _depth(re.sub(r"\\.", "", pattern))) > MOST_NESTING:
        return f"is nested {depth} deep; the most is {MOST_NESTING}"
    if (length := unrolled(pattern)) > MOST_PATTERN:
        return f"repeats up to {length} characters; the maximum is {MOST_PATTERN}"
    return None


def _choices_fault(options: tuple[str, ...]) -> str | None:
    if "" in options:
        return "has an empty text; each needs a character at least"
    if len(options) > MOST_CHOICES:
        return f"has {len(options)} texts; the maximum is {MOST_CHOICES}"
    return None


def _grammar_fault(rules: str) -> str | None:
    pattern = _GBNF if is_gbnf(rules) else _LARK
    for match in pattern.finditer(rules):
        if match["regex"] and (fault := _regex_fault(match["regex"])) is not None:
            return f"has a regular expression that {fault}"
    bare = pattern.sub(" ", rules)
    if (count := len(_RULE.findall(bare))) > MOST_RULES:
        return f"has {count} rules; the maximum is {MOST_RULES}"
    if (depth := _depth(bare)) > MOST_NESTING:
        return f"is nested {depth} deep; the most is {MOST_NESTING}"
    if (repeats := sum(map(_times, _REPEATS.finditer(bare)))) > MOST_REPEATS:
        return f"repeats {repeats} times in all; the maximum is {MOST_REPEATS}"
    return None


def _depth(text: str) -> int:
    deepest = depth = 0
    for mark in text:
        if mark in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in ")]}":
            depth -= 1
    return deepest


def _times(repetition: re.Match[str]) -> int:
    return max(int(number[:9]) for number in repetition.groups() if number)
