"""Vectors in replies of OpenAI's embeddings API: every number of them is checked."""

import binascii
from array import array

import anyio.lowlevel

from fondaco.domain.embedding import Vector, floats, unit_vector
from fondaco.domain.errors import EngineError
from fondaco.domain.untrusted_numbers import whole

_FLOAT_BYTES = 4
_AT_A_TIME = 32
"""So many vectors are read before other calls get their turn."""


async def vectors_of(
    data: object, expected: int, dimensions: int, wanted: int | None = None
) -> tuple[Vector, ...]:
    """Return one unit vector per input, by the indices that the engine gave.

    Args:
        data: the reply's `data`.
        expected: how many inputs there were.
        dimensions: how many numbers each vector has to have.
        wanted: how many of them are kept; None: all.

    Raises:
        EngineError: one is missing, comes twice, has another length or numbers that are none.
    """
    if not isinstance(data, list) or len(data) != expected:
        raise _not_vectors("another number of vectors than of inputs")
    found: dict[int, Vector] = {}
    for place, entry in enumerate(data):
        if place % _AT_A_TIME == _AT_A_TIME - 1:
            await anyio.lowlevel.checkpoint()
        if not isinstance(entry, dict):
            raise _not_vectors("a vector that is no object")
        index = place if (said := entry.get("index")) is None else whole(said, expected - 1)
        if index is None or index in found:
            raise _not_vectors("an index that no input has, or twice the same")
        numbers = _numbers(entry.get("embedding"))
        if len(numbers) != dimensions:
            raise EngineError(
                f"The model's engine sent vectors of {len(numbers)} dimensions; the model's entry in "
                f"the configuration says {dimensions}. The operator has to correct it."
            )
        found[index] = _unit(numbers, wanted)
    return tuple(found[index] for index in range(expected))


def _numbers(told: object) -> "array[float]":
    """Return the numbers of a vector, in base64 or as a list.

    Raises:
        EngineError: they are none.
    """
    try:
        if isinstance(told, str):
            raw = binascii.a2b_base64(told, strict_mode=True)
            return floats(raw[: len(raw) // _FLOAT_BYTES * _FLOAT_BYTES])
        if isinstance(told, list) and not any(number.__class__ is bool for number in told):
            return array("f", told)
    except (ValueError, TypeError, OverflowError) as error:
        raise _not_vectors("what is no vector") from error
    raise _not_vectors("what is no vector")


def _unit(numbers: "array[float]", dimensions: int | None) -> Vector:
    try:
        vector = unit_vector(numbers, dimensions)
    except ValueError as error:
        raise _not_vectors("a number that is not finite") from error
    if not any(vector):
        raise _not_vectors("a vector of zeros")
    return vector


def _not_vectors(what: str) -> EngineError:
    return EngineError(f"The model's engine sent {what}, so nothing of its reply was used.")
