"""Embeddings: vectors of texts.

Source: POST /embeddings.
"""

import base64
import sys
from array import array
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator

from venice_ai.types._wire import Reply, Wire

__all__ = ["EmbeddingInput", "EmbeddingItem", "EmbeddingResponse", "EmbeddingUsage"]

EmbeddingInput: TypeAlias = str | list[str] | list[int] | list[list[int]]
"""A text, several texts, the token ids of one text, or those of several; at most 2,048 texts."""


def _decoded(vector: object) -> object:
    """Return the numbers of a vector that is encoded as base64 of little-endian float32."""
    if not isinstance(vector, str):
        return vector
    numbers = array("f", base64.b64decode(vector, validate=True))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


Vector: TypeAlias = Annotated[list[float], BeforeValidator(_decoded)]
"""The numbers of an embedding, however they travelled."""


class EmbeddingItem(Wire):
    """The embedding of one input."""

    embedding: Vector
    """The vector, of unit length; as many numbers as the model or `dimensions` says."""
    index: int
    """The position of its input, from 0."""
    object: Literal["embedding"] = "embedding"


class EmbeddingUsage(Wire):
    """The tokens that a request was charged for."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingResponse(Reply):
    """The embeddings of all inputs, in their order."""

    data: list[EmbeddingItem]
    model: str
    """The id of the model that answered."""
    usage: EmbeddingUsage
    object: Literal["list"] = "list"
