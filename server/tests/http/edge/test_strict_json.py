"""Strict JSON: the quick way and the slow way read alike, and neither misses a key that comes twice."""

import json
import sys

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.errors import InvalidRequestError
from fondaco.http.endpoint.strict_json import parse

texts = st.text(alphabet='ab":\\\\ \n{}[],é', max_size=6)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)
spaces = st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :"), (",\n", "\t:\r")])


@given(value=values, separators=spaces)
def test_any_value_is_read_as_it_was_written(value: object, separators: tuple[str, str]) -> None:
    text = json.dumps(value, separators=separators, ensure_ascii=False).encode()
    assert parse(text) == value


@given(
    keys=st.lists(texts, min_size=1, max_size=4),
    filling=st.lists(values, min_size=8, max_size=8),
    separators=spaces,
    place=st.integers(0, 3),
)
def test_a_key_that_comes_twice_is_always_refused(
    keys: list[str], filling: list[object], separators: tuple[str, str], place: int
) -> None:
    pairs = list(zip([*keys, keys[place % len(keys)]], filling, strict=False))
    comma, colon = separators
    inner = comma.join(json.dumps(k) + colon + json.dumps(v) for k, v in pairs)
    with pytest.raises(InvalidRequestError):
        parse(f'{{"outer"{colon}[{{{inner}}}]}}'.encode())


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a" :2}',
        b'{"a":1,"a":2,"b\\\\":3}',
        b'{"a":1,"a":":x"}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":{"b":1},"c":{"b":1,"b":2}}',
    ],
)
def test_keys_that_only_look_different_are_refused(text: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="twice"):
        parse(text)


@pytest.mark.parametrize("levels", [63, 64])
def test_sixty_four_levels_pass(levels: int) -> None:
    assert parse(b"[" * levels + b"]" * levels)


def test_sixty_six_levels_do_not() -> None:
    with pytest.raises(InvalidRequestError, match="64 levels"):
        parse(b"[" * 66 + b"]" * 66)


@pytest.mark.parametrize(
    "text", [b"[" * 1_000_000, b'{"a":' * 1_000_000, b'["\\"' + b"[" * 1_000_000]
)
def test_no_depth_exhausts_the_stack_whatever_the_recursion_limit(text: bytes) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        with pytest.raises(InvalidRequestError):
            parse(text)
    finally:
        sys.setrecursionlimit(limit)


def test_brackets_within_texts_are_no_levels() -> None:
    text = json.dumps({"a": "[" * 1000, 'b"[[': "\\"}).encode()
    assert parse(text) == json.loads(text)


def test_a_number_of_too_many_digits_is_refused_in_our_own_words() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse(b'{"a": 1' + b"0" * 5_000 + b"}")
    assert str(refused.value) == "The body has a number with too many digits."
