"""The facts of a GGUF model, taken from its file's own tables.

Source: ggml, docs/gguf.md; llama.cpp, `llama-arch.cpp` for the keys and `llama_pooling_type`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Literal, TypeAlias

from fondaco.modelfiles.errors import ModelFileError, from_os
from fondaco.modelfiles.headers.gguf import (
    BLOCKS,
    EndedEarlyError,
    NotGgufError,
    Scalar,
    read_tables,
)

Pooling: TypeAlias = Literal["mean", "cls", "last"]

_POOLINGS: Mapping[int, Pooling] = {1: "mean", 2: "cls", 3: "last"}
_RANK = 4
_ENCODERS = re.compile(r"bert|t5encoder|gemma-embedding")
"""Architectures that make vectors and no text."""
_PROJECTOR = "clip"
_FILE_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    36: "TQ1_0",
    37: "TQ2_0",
    38: "MXFP4",
}
"""`llama_ftype`, which quantizers write as `general.file_type`."""
_MOST_TOKENS = 2**31
_LONGEST_NAME = 100
_KINDS = {
    "adapter": "an adapter (LoRA)",
    "mmproj": "a projector",
    "imatrix": "an importance matrix",
}


@dataclass(frozen=True, slots=True)
class GgufFacts:
    """Facts in a model's file; each is None or empty where it says nothing that makes sense."""

    name: str
    architecture: str
    parameters: int
    quantization: str
    """Storage format of its weights, such as `Q4_K_M`."""
    context_tokens: int | None
    template: str | None
    """The chat template, in Jinja."""
    dimensions: int | None
    """Of a vector for each token, which an embedding model's own vectors have as well."""
    pooling: Pooling | None
    embeds: bool
    """It makes vectors, and no text."""
    temperature: float | None
    top_p: float | None
    """Value that its maker advises."""
    source: str
    """Origin: a URL."""


def facts_of(path: Path) -> GgufFacts:
    """Return what a GGUF file says of the model in it.

    Raises:
        ModelFileError: it cannot be read, or is no model of text or vectors.
    """
    try:
        with path.open("rb") as file:
            tables = read_tables(file)
    except (NotGgufError, EndedEarlyError):
        raise ModelFileError(f"{path.name!r} is not a GGUF file, or is incomplete.") from None
    except OSError as error:
        raise from_os(error, f"read {path.name!r}") from error
    if tables is None:
        raise ModelFileError(
            f"{path.name!r} has an unsupported GGUF version. Convert it again, or add its entry "
            "yourself: see docs/how-to/models.md."
        )
    values = tables.values
    architecture = _text(values.get("general.architecture"))
    _expect_model(path.name, architecture, values)
    pooling = _count(values.get(f"{architecture}.pooling_type"), _RANK)
    return GgufFacts(
        name=_text(values.get("general.name")),
        architecture=architecture,
        parameters=sum(tables.elements.values()),
        quantization=_quantization(values.get("general.file_type"), tables.elements),
        context_tokens=_count(values.get(f"{architecture}.context_length"), _MOST_TOKENS),
        template=_template(values.get("tokenizer.chat_template")),
        dimensions=_count(values.get(f"{architecture}.embedding_length_out"), 2**16)
        or _count(values.get(f"{architecture}.embedding_length"), 2**16),
        pooling=_POOLINGS.get(pooling or 0),
        embeds=bool(pooling) or _ENCODERS.search(architecture) is not None,
        temperature=_fraction(values.get("general.sampling.temp"), 2),
        top_p=_fraction(values.get("general.sampling.top_p"), 1),
        source=_url(values),
    )


def _expect_model(name: str, architecture: str, values: Mapping[str, Scalar]) -> None:
    """Raise a `ModelFileError` where a file holds something else than a model of text or vectors."""
    kind = str(values.get("general.type", "model"))
    if architecture == _PROJECTOR or kind in _KINDS:
        what = _KINDS.get(kind, "a projector")
        raise ModelFileError(
            f"{name!r} is {what}, which runs only together with a model. Add the model's file."
        )
    if not architecture:
        raise ModelFileError(
            f"{name!r} does not declare its architecture. Check that it is a model."
        )
    if values.get(f"{architecture}.pooling_type") == _RANK:
        raise ModelFileError(f"{name!r} is a reranker, which is not supported yet.")


def _quantization(file_type: Scalar | None, elements: Mapping[int, int]) -> str:
    """Return the file's own word for it, or else the type of most weights."""
    if isinstance(file_type, int) and file_type in _FILE_TYPES:
        return _FILE_TYPES[file_type]
    most = max(elements, key=lambda kind: elements[kind], default=-1)
    return BLOCKS.get(most, ("", 1, 0))[0]


def _template(value: Scalar | None) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _text(value: Scalar | None) -> str:
    """Return a text for one line, without what could steer a terminal."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())[:_LONGEST_NAME]


def _count(value: Scalar | None, most: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= most else None


def _fraction(value: Scalar | None, most: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return round(float(value), 4) if 0 <= value <= most else None


def _url(values: Mapping[str, Scalar]) -> str:
    for key in ("general.repo_url", "general.url", "general.source.repo_url", "general.source.url"):
        url = _text(values.get(key))
        if re.fullmatch(r"https://[^\s\"'<>]{1,90}", url):
            return url
    return ""
