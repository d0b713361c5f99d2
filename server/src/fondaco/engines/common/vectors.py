"""Vectors in responses of OpenAI's embeddings API, validated number by number."""

import binascii
from array import array

import anyio.lowlevel

from fondaco.domain.embedding import Vector, floats, unit_vector
from fondaco.domain.errors import EngineError
from fondaco.domain.untrusted_numbers import whole

_FLOAT_BYTES = 4
_AT_A_TIME = 32
"""Vectors parsed between checkpoints, which let other calls run."""


async def vectors_of(
    data: object, expected: int, dimensions: int, kept_dimensions: int | None = None
) -> tuple[Vector, ...]:
    """Return one unit vector per input, by the indices that the engine gave.

    Args:
        data: `data` of the response.
        expected: the number of inputs.
        dimensions: the length that each vector must have.
        kept_dimensions: how many of them are kept; None: all.

    Raises:
        EngineError: one is missing, repeated, of another length or not numeric.
    """
    if not isinstance(data, list) or len(data) != expected:
        raise _invalid_vectors("a number of vectors that differs from the inputs")
    vectors: dict[int, Vector] = {}
    for position, entry in enumerate(data):
        if position % _AT_A_TIME == _AT_A_TIME - 1:
            await anyio.lowlevel.checkpoint()
        if not isinstance(entry, dict):
            raise _invalid_vectors("a vector that is not an object")
        index = (
            position
            if (raw_index := entry.get("index")) is None
            else whole(raw_index, expected - 1)
        )
        if index is None or index in vectors:
            raise _invalid_vectors("an index without an input, or a repeated index")
        numbers = _numbers(entry.get("embedding"))
        if len(numbers) != dimensions:
            raise EngineError(
                f"The model's engine sent vectors of {len(numbers)} dimensions; the model's "
                f"entry in the configuration has {dimensions}. The operator must correct it."
            )
        vectors[index] = _unit(numbers, kept_dimensions)
    return tuple(vectors[index] for index in range(expected))


def _numbers(encoded: object) -> "array[float]":
    """Return the numbers of a vector, in base64 or as a list.

    Raises:
        EngineError: they are not numbers.
    """
    try:
        if isinstance(encoded, str):
            raw = binascii.a2b_base64(encoded, strict_mode=True)
            return floats(raw[: len(raw) // _FLOAT_BYTES * _FLOAT_BYTES])
        if isinstance(encoded, list) and not any(number.__class__ is bool for number in encoded):
            return array("f", encoded)
    except (ValueError, TypeError, OverflowError) as error:
        raise _invalid_vectors("an invalid vector") from error
    raise _invalid_vectors("an invalid vector")


def _unit(numbers: "array[float]", dimensions: int | None) -> Vector:
    try:
        vector = unit_vector(numbers, dimensions)
    except ValueError as error:
        raise _invalid_vectors("a number that is not finite") from error
    if not any(floats(vector)):
        raise _invalid_vectors("a vector of zeros")
    return vector


def _invalid_vectors(what: str) -> EngineError:
    return EngineError(f"The model's engine sent {what}, so its response was discarded.")
