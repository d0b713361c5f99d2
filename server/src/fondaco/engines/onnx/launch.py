"""The command that starts the child of an ONNX model."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from fondaco.domain.extras import how_to_install
from fondaco.workers.backend import PipedProgram
from fondaco.workers.embedder import EmbeddingLaunch
from fondaco.workers.worker import Program

_LIBRARIES = ("numpy", "onnxruntime", "tokenizers")
_BATCH_TOKENS = 1024
"""MiniLM embeds as many in about a quarter of a second on one core."""


def onnx_launch(
    model: Path,
    tokenizer: Path,
    *,
    context_tokens: int,
    dimensions: int,
    pooling: Literal["mean", "cls"] = "mean",
    prefix: str = "",
    threads: int = 1,
    queue: int = 256,
    start_timeout_s: float = 120.0,
    batch_timeout_s: float = 120.0,
    source: str | None = None,
) -> EmbeddingLaunch:
    """Return the launch of an encoder's child.

    Args:
        model: the ONNX file; token ids [inputs, tokens] in, hidden states [inputs, tokens,
            dimensions] or pooled vectors [inputs, dimensions] out.
        tokenizer: the `tokenizer.json` that belongs to it.
        context_tokens: the most tokens of an input.
        dimensions: of its vectors.
        pooling: the mean of all tokens' hidden states, or the first token's.
        prefix: put before each text, as some models were trained.
        threads: for one batch.
        queue: requests that may wait.
        start_timeout_s: for the model to load.
        batch_timeout_s: for one batch.
        source: what `fondaco models pull` takes to bring the files.
    """
    order = {
        "model": str(model),
        "tokenizer": str(tokenizer),
        "pooling": pooling,
        "prefix": prefix,
        "threads": threads,
    }
    return EmbeddingLaunch(
        PipedProgram(
            Program(
                "fondaco.engines.onnx.child",
                order,
                threads=threads,
                start_timeout_s=start_timeout_s,
                answer_timeout_s=batch_timeout_s,
            )
        ),
        files=(model, tokenizer),
        context_tokens=context_tokens,
        dimensions=dimensions,
        batch_tokens=_BATCH_TOKENS,
        prefix_bytes=len(prefix.encode()),
        queue=queue,
        source=source,
        unavailable_reason=_unavailable_reason(),
    )


def _unavailable_reason() -> str:
    if all(find_spec(name) for name in _LIBRARIES):
        return ""
    return f"The libraries that run ONNX models are not installed. {how_to_install('embeddings')}"
