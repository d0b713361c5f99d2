"""Embeddings: the request for vectors of texts, and the vectors that an engine returns."""

import sys
from array import array
from dataclasses import dataclass
from math import hypot, isfinite
from typing import TypeAlias
from unicodedata import normalize

from fondaco.domain.money.usage import Report

EmbeddingInput: TypeAlias = str | tuple[int, ...]
"""A text, or its token ids in the vocabulary of the model."""
Vector: TypeAlias = bytes
"""An embedding as little-endian float32, 4 bytes a dimension, of unit length (L2 norm 1)."""

_FLOAT_BYTES = 4
_ROUNDING = 1e-6
"""Tolerance of the length of a float32 unit vector."""


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """A request for one vector per input, in the order of the inputs."""

    model: str
    """The catalogue's id of the model."""
    inputs: tuple[EmbeddingInput, ...]
    """At least one; none of them empty."""
    dimensions: int | None = None
    """The length of the vectors; None: the model's own. The catalogue's model says which it allows."""
    account_scope: str = ""
    """Requests of different scopes (accounts) take turns where an engine batches them."""


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """The tokens of a request's inputs, as an engine counted them before any work."""

    counts: tuple[int, ...]
    """One count per input, special tokens included."""
    exact: bool = True
    """False: upper bounds, computed without the tokenizer."""

    @property
    def input_tokens(self) -> int:
        """The tokens of all inputs together."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The vectors of a request's inputs, and the usage that the engine reports."""

    vectors: tuple[Vector, ...]
    """One per input, in the order of the inputs."""
    report: Report
    """`input_tokens` of all inputs; None if the engine did not report them."""


def token_bound(text: str) -> int:
    r"""Return at least as many tokens as any tokenizer makes of a text: one for each byte of its NFKD form.

    The bound is additive: a text's is the sum of its parts', wherever it is split.

    >>> token_bound("cat"), token_bound("é"), token_bound("\ufdfa") > 18
    (3, 3, True)
    """
    if text.isascii():
        return len(text)
    return len(normalize("NFKD", text).encode("utf-8", "replace"))


def floats(vector: Vector) -> "array[float]":
    """Return a vector's numbers.

    >>> floats(bytes.fromhex("0000003f000000bf")).tolist()
    [0.5, -0.5]
    """
    numbers = array("f")
    numbers.frombytes(vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def unit_vector(numbers: "array[float]", dimensions: int | None = None) -> Vector:
    """Return the first `dimensions` of some float32 numbers, or all, scaled to unit length.

    A vector of zeros has no direction and stays as it is.

    Raises:
        ValueError: one of the numbers is not finite.

    >>> floats(unit_vector(array("f", [3.0, 0.0, 4.0]), dimensions=2)).tolist()
    [1.0, 0.0]
    """
    prefix = numbers if dimensions is None else numbers[:dimensions]
    norm = hypot(*prefix)
    if not isfinite(norm):
        raise ValueError("A number of the vector is not finite.")
    if norm and abs(norm - 1.0) > _ROUNDING:
        prefix = array("f", [number / norm for number in prefix])
    if sys.byteorder == "big":
        prefix = prefix[:]
        prefix.byteswap()
    return prefix.tobytes()


def shortened(vector: Vector, dimensions: int | None) -> Vector:
    """Return a vector's first `dimensions`, scaled to unit length; itself where it is no longer.

    >>> shortened(unit_vector(array("f", [1.0, 1.0])), 1) == unit_vector(array("f", [1.0]))
    True
    """
    if dimensions is None or dimensions * _FLOAT_BYTES >= len(vector):
        return vector
    return unit_vector(floats(vector), dimensions)
