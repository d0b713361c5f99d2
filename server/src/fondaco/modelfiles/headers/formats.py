"""Formats of model files, recognised by their first bytes."""

import json
import os
from pathlib import PurePath
from typing import BinaryIO

from fondaco.modelfiles.errors import ModelFileError
from fondaco.modelfiles.headers.gguf import EndedEarlyError, NotGgufError, least_bytes
from fondaco.modelfiles.headers.safetensors import NotSafetensorsError, read_header

_ONNX = b"\x08"
"""An ONNX file is a protocol buffer whose first field is a whole number: its version of the format."""


def expect_format(file: BinaryIO, name: str) -> None:
    """Check that a file has the format of its extension, and is complete if its header shows the size.

    Raises:
        ModelFileError: it is not.
    """
    match PurePath(name).suffix:
        case ".gguf":
            _expect_gguf(file, name)
        case ".safetensors":
            _expect_safetensors(file, name)
        case ".onnx":
            if file.read(1) != _ONNX:
                raise ModelFileError(
                    f"{name!r} is not an ONNX file, so no model can be loaded from it."
                )
        case ".json":
            try:
                json.load(file)
            except ValueError:
                raise ModelFileError(
                    f"{name!r} is not a JSON file, so no tokenizer can be loaded from it."
                ) from None


def _expect_safetensors(file: BinaryIO, name: str) -> None:
    size = os.fstat(file.fileno()).st_size
    try:
        _, least = read_header(file)
    except NotSafetensorsError:
        raise ModelFileError(
            f"{name!r} is not a safetensors file, so no model can be loaded from it."
        ) from None
    if size < least:
        raise ModelFileError(
            f"{name!r} is incomplete: it has {size:,} bytes, and its header requires {least:,}. "
            "Nothing was kept. Download it again."
        )


def _expect_gguf(file: BinaryIO, name: str) -> None:
    size = os.fstat(file.fileno()).st_size
    try:
        least = least_bytes(file)
    except NotGgufError:
        raise ModelFileError(
            f"{name!r} is not a GGUF file, so no model can be loaded from it."
        ) from None
    except EndedEarlyError:
        least = size + 1
    if least is not None and size < least:
        raise ModelFileError(
            f"{name!r} is incomplete: it has {size:,} bytes, and its tables require more. "
            "Nothing was kept. Download it again."
        )
