"""Safetensors metadata: the header before the weights, read without trusting a size.

Source: huggingface.co/docs/safetensors, `Format`.
"""

import json
import os
from collections.abc import Mapping
from math import prod
from typing import BinaryIO

from fondaco.modelfiles.headers.tensors import MOST_TENSORS, Tensor

_MOST_HEADER_BYTES = 2**24
"""Of the largest models' headers, of some thousands of tensors, each has less than a megabyte."""
_LENGTH_BYTES = 8
_LEAST_HEADER_BYTES = 2
_MOST_DIMENSIONS = 8
_MOST_SIZE = 2**48
_BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}


class NotSafetensorsError(Exception):
    """The file has no header of a safetensors file."""


def read_header(file: BinaryIO) -> tuple[Mapping[str, Tensor], int]:
    """Return a file's tensors by their names, and how many bytes the whole file has at least.

    Raises:
        NotSafetensorsError: it is no safetensors file, or ends within its header.
    """
    size_bytes = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    if not _LEAST_HEADER_BYTES <= length <= min(_MOST_HEADER_BYTES, size_bytes - _LENGTH_BYTES):
        raise NotSafetensorsError
    try:
        header = json.loads(file.read(length))
    except (ValueError, RecursionError):
        raise NotSafetensorsError from None
    if not isinstance(header, dict) or len(header) > MOST_TENSORS:
        raise NotSafetensorsError
    header.pop("__metadata__", None)
    tensors, end = dict[str, Tensor](), 0
    for name, said in header.items():
        tensors[name], last = _tensor(said)
        end = max(end, last)
    return tensors, _LENGTH_BYTES + length + end


def _tensor(said: object) -> tuple[Tensor, int]:
    """Return a tensor, and where its data ends.

    Raises:
        NotSafetensorsError: its entry makes no sense.
    """
    if not isinstance(said, dict):
        raise NotSafetensorsError
    kind, shape = said.get("dtype"), _sizes(said.get("shape"))
    match _sizes(said.get("data_offsets")):
        case (start, end) if start <= end:
            length = end - start
        case _:
            raise NotSafetensorsError
    if not isinstance(kind, str):
        raise NotSafetensorsError
    bits = _BITS.get(kind)
    if bits is not None and length * 8 != prod(shape) * bits:
        raise NotSafetensorsError
    return Tensor(kind, shape), end


def _sizes(value: object) -> tuple[int, ...]:
    """Return a list of whole numbers, of no unusual length.

    Raises:
        NotSafetensorsError: it is none.
    """
    if not isinstance(value, list) or len(value) > _MOST_DIMENSIONS:
        raise NotSafetensorsError
    for one in value:
        if isinstance(one, bool) or not isinstance(one, int) or not 0 <= one <= _MOST_SIZE:
            raise NotSafetensorsError
    return tuple(value)
