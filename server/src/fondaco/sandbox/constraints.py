"""Constraints: compiles regular expressions, choices and grammars, and matches output against them.

This runs in the child only, like everything that compiles untrusted input.
"""

import re
import warnings
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from string import ascii_lowercase
from typing import TYPE_CHECKING

from fondaco.domain.extras import how_to_install
from fondaco.domain.output_format.lark import symbol_of
from fondaco.domain.output_format.output_format import Choices, Constraint, Grammar, Regex

if TYPE_CHECKING:  # an extra
    from llguidance import LLMatcher, LLTokenizer

_TRIAL_TOKENS = 100
_TRIES = 64
_WORDS = 256 + 95**2 + 27**3
_LONGEST_REASON = 300
_NOTHING_FITS = "cannot be satisfied: no text matches it"


def constraint_error(kind: str, *texts: str) -> str | None:
    """Return why a constraint is unusable; see `OutputFormats.constraint_error`."""
    constraint = _constraint(kind, texts)
    if isinstance(constraint, Regex) and (reason := _regex_error(constraint.pattern)) is not None:
        return reason
    try:
        rules = f"start: {symbol_of(constraint)}"
    except ValueError as error:
        return str(error)
    if find_spec("llguidance") is None:
        if isinstance(constraint, Grammar):
            return f"cannot be checked: llguidance is not installed. {how_to_install('embedded')}"
        return None
    return trial(matcher_of(rules, word_tokenizer()))


def constraint_mismatch(text: str, kind: str, *texts: str) -> str | None:
    """Return why output violates a constraint; see `OutputFormats.constraint_mismatch`."""
    constraint = _constraint(kind, texts)
    if isinstance(constraint, Choices):
        fits = text in constraint.options
    elif find_spec("llguidance") is not None:
        matcher, tokens = (
            matcher_of(f"start: {symbol_of(constraint)}", byte_tokenizer()),
            list(text.encode()),
        )
        fits = matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()
    else:
        fits = isinstance(constraint, Regex) and re.fullmatch(constraint.pattern, text) is not None
    return None if fits else f"does not fit {constraint.field_path}"


def wire_format(constraint: Constraint) -> tuple[str, ...]:
    """Return a constraint as the child's functions take it: its kind, then its texts."""
    match constraint:
        case Regex(pattern):
            return "regex", pattern
        case Choices(options):
            return "choices", *options
        case Grammar(rules):
            return "grammar", rules


def _constraint(kind: str, texts: tuple[str, ...]) -> Constraint:
    match kind:
        case "regex":
            return Regex(*texts)
        case "choices":
            return Choices(texts)
        case _:
            return Grammar(*texts)


def _regex_error(pattern: str) -> str | None:
    """Return why a pattern is invalid in Python, or means something else there than in Rust."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            re.compile(pattern)
        except re.error as error:
            return f"is not a valid regular expression: {short(str(error))}"
        except FutureWarning as ambiguity:
            return f"is ambiguous: {short(str(ambiguity))}; escape the character with a backslash"
        except (RecursionError, OverflowError):
            return "is too complex"
    return None


def trial(matcher: "LLMatcher", *, schema: bool = False) -> str | None:
    """Return why the engine would fail with a grammar, found by generating pseudo-random tokens.

    A step that takes too long ends the child, as it would have stalled the engine. With `schema` the
    grammar is known to be satisfiable, and the tokens are single bytes.
    """
    number = 1
    for _ in range(_TRIAL_TOKENS):
        if matcher.is_stopped():
            break
        allowed = matcher.compute_bitmask()
        if matcher.is_error():
            break
        for _ in range(_TRIES):
            number = (number * 1_664_525 + 1_013_904_223) % 2**32
            word = number % (256 if schema else _WORDS)
            if _bit(allowed, word):
                break
        else:
            words = 256 if schema else _WORDS
            word = next((one for one in range(words) if _bit(allowed, one)), -1)
        if word < 0:
            return None if schema or matcher.is_accepting() else _NOTHING_FITS
        matcher.consume_token(word)
    return _readable_error(matcher.get_error()) if matcher.is_error() else None


def _bit(allowed: bytes, word: int) -> bool:
    return bool(allowed[word >> 3] >> (word & 7) & 1)


def _readable_error(error: str) -> str:
    """Return an error of llguidance as the continuation of a sentence for the caller."""
    if error.startswith("NoExtension"):
        return _NOTHING_FITS
    lines = error.splitlines()
    if error.startswith(("parser error: Too many", "lexer error")):
        return f"is too complex: {short(lines[0])}"
    why = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), "")
    return f"cannot be converted to a grammar: {short(why or lines[0])}"


def short(reason: str) -> str:
    """Return a library's error message, truncated to a length that fits an error response."""
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}..."


def matcher_of(rules: str, tokenizer: "LLTokenizer") -> "LLMatcher":
    """Return a matcher for a grammar; check `is_error()` before use."""
    import llguidance  # noqa: PLC0415 - an extra

    return llguidance.LLMatcher(tokenizer, rules, log_level=0)


@cache
def byte_tokenizer() -> "LLTokenizer":
    """Return a tokenizer whose tokens are the bytes."""
    import llguidance  # noqa: PLC0415 - an extra

    return llguidance.LLTokenizer("byte")


@cache
def word_tokenizer() -> "LLTokenizer":
    """Return a tokenizer as large as a model's, since the time of a step depends on its size."""
    import llguidance  # noqa: PLC0415 - an extra

    return llguidance.LLTokenizer(llguidance.TokenizerWrapper(_Words()), slices=[])


def _synthetic_tokens() -> Iterator[bytes]:
    printable = [chr(code) for code in range(32, 127)]
    letters = f"{ascii_lowercase} "
    yield from (bytes((code,)) for code in range(256))
    yield from (f"{a}{b}".encode() for a in printable for b in printable)
    yield from (f"{a}{b}{c}".encode() for a in letters for b in letters for c in letters)


class _Words:
    """A synthetic vocabulary: all bytes, pairs of printable characters, three-letter words."""

    bos_token_id = None
    eos_token_id = _WORDS

    def __init__(self) -> None:
        self.tokens = [*_synthetic_tokens(), b"<end>"]
        self.special_token_ids = [self.eos_token_id]

    def __call__(self, text: bytes) -> list[int]:
        return list(text)
