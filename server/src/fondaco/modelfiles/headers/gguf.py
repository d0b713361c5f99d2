"""GGUF metadata: the tables before the weights, read without trusting a size.

Nothing is allocated by a length that the file names: reading costs what the tables really hold, and
they may hold `MOST_TABLE_BYTES`.

Source: ggml, docs/gguf.md; the sizes of blocks from ggml's `type_traits`.
"""

import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import BinaryIO, TypeAlias

from fondaco.modelfiles.headers.tensors import MOST_TENSORS, Tensor

MAGIC = b"GGUF"
MOST_TABLE_BYTES = 2**28
"""More than the tables of the largest vocabularies take (some 20 MB)."""
Scalar: TypeAlias = str | int | float | bool

_VERSIONS = (2, 3)
"""Supported versions. Files of other versions are not described."""
_ALIGNMENT_KEY, _ALIGNMENT = "general.alignment", 32
_MOST_DIMENSIONS = 4
_STRING, _ARRAY = 8, 9
_NUMBERS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
"""Packing of a value by its type: whole numbers, floats and booleans."""
_LONGEST_KEY = 2**16
_LONGEST_TEXT = 2**18
"""Longer texts are passed over: chat templates have some kilobytes."""
_MOST_TEXT = 2**22
"""All texts that are kept together."""
_MOST_VALUES = 4_096
_LONGEST_TENSOR_NAME = 256
BLOCKS = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
}
"""A tensor's type -> its name, elements of a block, and bytes of one."""


class NotGgufError(Exception):
    """The file does not begin as a GGUF file does, or its tables make no sense."""


class EndedEarlyError(Exception):
    """The file ends within its own tables."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Metadata of a GGUF file."""

    values: Mapping[str, Scalar]
    """Key -> value, of those that are one number or text of no unusual length."""
    tensors: Mapping[str, Tensor]
    """Those with names of no unusual length, by their names."""
    elements: Mapping[int, int]
    """A tensor's type -> the elements of all such tensors: together, the parameters."""
    least_bytes: int
    """Minimum size of a whole file, in bytes."""


def read_tables(file: BinaryIO) -> Tables | None:
    """Read a file's tables from its start; None: its version is not known here.

    Raises:
        NotGgufError: it is no GGUF file.
        EndedEarlyError: it ends within its tables.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise NotGgufError
    if _whole(file, 4) not in _VERSIONS:
        return None
    tensors, pairs = _whole(file, 8), _whole(file, 8)
    values = _values(file, pairs)
    named, elements, end = _tensors(file, tensors)
    alignment = values.get(_ALIGNMENT_KEY, _ALIGNMENT)
    if not isinstance(alignment, int) or alignment <= 0:
        raise NotGgufError
    at = file.tell()
    least = at + -at % alignment + end if tensors else at
    return Tables(values, named, elements, least)


def least_bytes(file: BinaryIO) -> int | None:
    """Return how many bytes a whole file has at least; None: its version is not known here.

    Raises:
        NotGgufError: it is no GGUF file.
        EndedEarlyError: it ends within its tables.
    """
    tables = read_tables(file)
    return None if tables is None else tables.least_bytes


def _values(file: BinaryIO, pairs: int) -> dict[str, Scalar]:
    values: dict[str, Scalar] = {}
    text = 0
    for _ in range(pairs):
        key, value = _pair(file)
        if value is None or key in values or len(values) == _MOST_VALUES:
            continue
        if isinstance(value, str):
            text += len(value)
            if text > _MOST_TEXT:
                continue
        values[key] = value
    return values


def _pair(file: BinaryIO) -> tuple[str, Scalar | None]:
    """Read a key and its value; None for what is not kept."""
    key = _text(file, _LONGEST_KEY) or ""
    kind = _whole(file, 4)
    if kind == _STRING:
        return key, _text(file, _LONGEST_TEXT)
    if kind == _ARRAY:
        _skip_array(file)
        return key, None
    return key, _number(file, kind)


def _skip_array(file: BinaryIO) -> None:
    kind, count = _whole(file, 4), _whole(file, 8)
    if kind != _STRING:
        _skip(file, _width(kind) * count)
        return
    for _ in range(count):
        _skip(file, _whole(file, 8))


def _tensors(file: BinaryIO, tensors: int) -> tuple[dict[str, Tensor], Counter[int], int]:
    """Read the tensors, their elements by type, and the least offset at which the last one ends."""
    named, elements = dict[str, Tensor](), Counter[int]()
    end = 0
    for _ in range(tensors):
        name = _text(file, _LONGEST_TENSOR_NAME)
        dimensions = _whole(file, 4)
        if dimensions > _MOST_DIMENSIONS:
            raise NotGgufError
        shape = tuple(_whole(file, 8) for _ in range(dimensions))[::-1]
        count = prod(shape)
        kind, offset = _whole(file, 4), _whole(file, 8)
        elements[kind] += count
        kind_name, of_block, bytes_of_block = BLOCKS.get(kind, ("", 1, 0))
        if name is not None and len(named) < MOST_TENSORS:
            named[name] = Tensor(kind_name, shape)
        end = max(end, offset + -(-count // of_block) * bytes_of_block)
    return named, elements, end


def _width(kind: int) -> int:
    return struct.calcsize(_format(kind))


def _format(kind: int) -> str:
    if kind not in _NUMBERS:
        raise NotGgufError
    return _NUMBERS[kind]


def _number(file: BinaryIO, kind: int) -> Scalar:
    packed = _format(kind)
    found: tuple[Scalar] = struct.unpack(packed, _read(file, struct.calcsize(packed)))
    return found[0]


def _text(file: BinaryIO, longest: int) -> str | None:
    """Read a text; None where it is longer than that, or not UTF-8."""
    length = _whole(file, 8)
    if length > longest:
        _skip(file, length)
        return None
    try:
        return _read(file, length).decode()
    except UnicodeDecodeError:
        return None


def _whole(file: BinaryIO, width: int) -> int:
    return int.from_bytes(_read(file, width), "little")


def _read(file: BinaryIO, length: int) -> bytes:
    found = file.read(length)
    if len(found) < length:
        raise EndedEarlyError
    if file.tell() > MOST_TABLE_BYTES:
        raise NotGgufError
    return found


def _skip(file: BinaryIO, length: int) -> None:
    """Go on to what follows; a byte is read there, for a seek does not notice the end."""
    if length:
        try:
            file.seek(length - 1, 1)
        except (OSError, OverflowError):
            raise EndedEarlyError from None
        _read(file, 1)
