"""GGUF: the expected size of a file, computed from its own tables.

Source: ggml, docs/gguf.md; the sizes of blocks from ggml's `type_traits`.
"""

from typing import BinaryIO

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
"""Those whose tables are known here. Of another version nothing is said."""
_ALIGNMENT_KEY, _ALIGNMENT = b"general.alignment", 32
_MOST_DIMENSIONS = 4
_STRING, _ARRAY = 8, 9
_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value by its type: whole numbers, floats and booleans."""
_BLOCKS = {
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    16: (256, 66),  # IQ2_XXS
    17: (256, 74),  # IQ2_XS
    18: (256, 98),  # IQ3_XXS
    19: (256, 50),  # IQ1_S
    20: (32, 18),  # IQ4_NL
    21: (256, 110),  # IQ3_S
    22: (256, 82),  # IQ2_S
    23: (256, 136),  # IQ4_XS
    24: (1, 1),  # I8
    25: (1, 2),  # I16
    26: (1, 4),  # I32
    27: (1, 8),  # I64
    28: (1, 8),  # F64
    29: (256, 56),  # IQ1_M
    30: (1, 2),  # BF16
    34: (256, 54),  # TQ1_0
    35: (256, 66),  # TQ2_0
    39: (32, 17),  # MXFP4
}
"""A tensor's type -> elements of a block, and bytes of one."""


class NotGgufError(Exception):
    """The file does not begin as a GGUF file does, or its tables make no sense."""


class EndedEarlyError(Exception):
    """The file ends within its own tables."""


def least_bytes(file: BinaryIO) -> int | None:
    """Return how many bytes a whole file has at least; None: its version is not known here.

    Raises:
        NotGgufError: it is no GGUF file.
        EndedEarlyError: it ends within its tables.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise NotGgufError
    if _number(file, 4) not in _VERSIONS:
        return None
    tensors, pairs = _number(file, 8), _number(file, 8)
    alignment = _ALIGNMENT
    for _ in range(pairs):
        if (said := _pair(file)) is not None:
            alignment = said
    ends = [_tensor_end(file) for _ in range(tensors)]
    data_at = file.tell() + -file.tell() % alignment
    return data_at + max(ends) if ends else file.tell()


def _pair(file: BinaryIO) -> int | None:
    """Read a key and its value; return the alignment where it is that."""
    key, kind = _string(file), _number(file, 4)
    if kind == _STRING:
        _string(file)
    elif kind == _ARRAY:
        _skip_array(file)
    elif key == _ALIGNMENT_KEY:
        alignment = _number(file, _width(kind))
        if alignment <= 0:
            raise NotGgufError
        return alignment
    else:
        _skip(file, _width(kind))
    return None


def _skip_array(file: BinaryIO) -> None:
    kind, count = _number(file, 4), _number(file, 8)
    if kind == _STRING:
        for _ in range(count):
            _string(file)
    else:
        _skip(file, _width(kind) * count)


def _tensor_end(file: BinaryIO) -> int:
    """Read what is said of a tensor, and return where it ends within the data, at least."""
    _string(file)
    dimensions, elements = _number(file, 4), 1
    if dimensions > _MOST_DIMENSIONS:
        raise NotGgufError
    for _ in range(dimensions):
        elements *= _number(file, 8)
    block, offset = _BLOCKS.get(_number(file, 4)), _number(file, 8)
    if block is None or not elements:
        return offset
    of_block, bytes_of_block = block
    return offset + -(-elements // of_block) * bytes_of_block


def _width(kind: int) -> int:
    if kind not in _WIDTHS:
        raise NotGgufError
    return _WIDTHS[kind]


def _string(file: BinaryIO) -> bytes:
    length = _number(file, 8)
    if length <= _LONGEST_READ:
        return _read(file, length)
    _skip(file, length)
    return b""


_LONGEST_READ = 2**16
"""Longer texts, such as chat templates, are no keys."""


def _number(file: BinaryIO, width: int) -> int:
    return int.from_bytes(_read(file, width), "little")


def _read(file: BinaryIO, length: int) -> bytes:
    found = file.read(length)
    if len(found) < length:
        raise EndedEarlyError
    return found


def _skip(file: BinaryIO, length: int) -> None:
    """Go on to what follows; a byte is read there, for a seek does not notice the end."""
    if length:
        try:
            file.seek(length - 1, 1)
        except (OSError, OverflowError):
            raise EndedEarlyError from None
        _read(file, 1)
