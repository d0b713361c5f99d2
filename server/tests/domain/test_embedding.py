"""Vectors and token counts of embeddings."""

import struct
from array import array
from math import sqrt

import pytest
from hypothesis import given, strategies as st

from fondaco.domain.embedding import TokenCounts, floats, shortened, unit_vector
from fondaco.domain.errors import InputTooLongError

numbers = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=40)


@given(numbers)
def test_a_vector_has_unit_length_and_keeps_its_direction(values: list[float]) -> None:
    told = floats(unit_vector(array("f", values)))
    norm = sqrt(sum(value * value for value in values))
    if norm < 1e-15:
        return
    assert sqrt(sum(value * value for value in told)) == pytest.approx(1.0, abs=1e-5)
    assert told.tolist() == pytest.approx([value / norm for value in values], abs=1e-5)


def test_a_vector_is_little_endian_float32() -> None:
    assert unit_vector(array("f", [0.0, -2.0])) == struct.pack("<2f", 0.0, -1.0)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused(odd: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        unit_vector(array("f", [1.0, odd]))


def test_a_vector_of_zeros_stays_as_it_is() -> None:
    assert floats(unit_vector(array("f", [0.0, 0.0]))).tolist() == [0.0, 0.0]


@given(numbers, st.integers(1, 50))
def test_shortening_is_the_unit_vector_of_the_first_numbers(values: list[float], to: int) -> None:
    whole = unit_vector(array("f", values))
    expected = floats(unit_vector(floats(whole), to)).tolist()
    assert floats(shortened(whole, to)).tolist() == pytest.approx(expected, abs=1e-5)
    assert shortened(whole, None) == whole


def test_counts_of_the_inputs_add_up() -> None:
    assert TokenCounts((3, 0, 4)).input_tokens == 7


def test_an_input_that_is_too_long_is_refused_with_both_numbers() -> None:
    error = InputTooLongError(3, 600, 512)
    assert str(error).startswith(
        "This model's maximum context length is 512 tokens. However, input 3 has 600 tokens."
    )
    assert list(error.faults) == ["input.3"]
    assert (error.input_tokens, error.context_tokens) == (600, 512)


@pytest.mark.parametrize(("limit", "told"), [(None, "length."), (512, "length of 512 tokens.")])
def test_without_a_number_from_the_engine_none_is_invented(limit: int | None, told: str) -> None:
    error = InputTooLongError(0, None, limit, alone=True)
    assert str(error).startswith(f"The input exceeds this model's maximum context {told}")
    assert list(error.faults) == ["input"]
