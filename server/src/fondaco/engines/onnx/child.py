"""The child process: a tokenizer, an encoder on onnxruntime, and pooling."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from fondaco.workers.child import Handler, WorkerResponse, serve

_RUN_TOKENS = 1024
"""The most tokens of a run, padding included: more gains no speed and takes memory."""
_PADDED = 1.25
"""By how much padding may lengthen a run."""


def load(launch: Mapping[str, Any]) -> Handler:
    """Load the model; return the request handler."""
    return _Encoder(launch).answer


class _Encoder:
    def __init__(self, launch: Mapping[str, Any]) -> None:
        self._tokenizer = Tokenizer.from_file(launch["tokenizer"])
        # Tokenizer files may enable both: truncation would cut texts silently, and padding would be counted.
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._tokenizer.encode_special_tokens = True  # special tokens in a text are ordinary text
        self._vocabulary = self._tokenizer.get_vocab_size()
        self._prefix: str = launch["prefix"]
        self._first = launch["pooling"] == "cls"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = launch["threads"]
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(launch["model"], options)
        self._inputs = {one.name for one in self._session.get_inputs()}

    def answer(self, request: Mapping[str, Any]) -> WorkerResponse:
        """Count or embed."""
        texts = list[str]()
        for index, one in enumerate(request["inputs"]):
            if isinstance(one, str):
                texts.append(one.encode("utf-8", "replace").decode())
                continue
            if unknown := [token for token in one if not 0 <= token < self._vocabulary]:
                return {"unknown": {"input": index, "token": unknown[0]}}, b""
            texts.append(self._tokenizer.decode(one, skip_special_tokens=True))
        encoded = self._tokenizer.encode_batch([self._prefix + text for text in texts])
        rows: list[list[int]] = [one.ids for one in encoded]
        tokens = {"tokens": [len(row) for row in rows]}
        return (tokens, self._embedded(rows).tobytes() if request["op"] == "embed" else b"")

    def _embedded(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return a unit vector per row of token ids."""
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
        parts = [self._run([rows[index] for index in some]) for some in _runs(rows, order)]
        vectors = np.concatenate(parts)
        unsorted = np.empty_like(vectors)
        unsorted[order] = vectors
        return unsorted.astype("<f4")

    def _run(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        shape = (len(rows), max(map(len, rows)))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, into, seen in zip(rows, ids, mask, strict=True):
            into[: len(row)] = row
            seen[: len(row)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        # [inputs, tokens, dimensions]; models that pool internally return [inputs, dimensions].
        hidden = self._session.run(None, {k: v for k, v in inputs.items() if k in self._inputs})[0]
        if hidden.ndim == 2:  # noqa: PLR2004 - as above
            pooled = hidden
        elif self._first:
            pooled = hidden[:, 0]
        else:
            weights = mask[:, :, None].astype(np.float32)
            pooled = (hidden * weights).sum(1) / weights.sum(1)
        return _units(pooled)


def _runs(rows: Sequence[Sequence[int]], order: Sequence[int]) -> list[list[int]]:
    """Group indices, shortest row first, so that no run is long or mostly padding."""
    runs: list[list[int]] = []
    real = 0
    for index in order:
        length = len(rows[index])
        padded = (len(runs[-1]) + 1) * length if runs else 0
        if not runs or padded > min(_RUN_TOKENS, _PADDED * (real + length)):
            runs.append([])
            real = 0
        runs[-1].append(index)
        real += length
    return runs


def _units(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(norms).all():
        raise FloatingPointError
    return np.asarray(vectors / np.maximum(norms, np.finfo(np.float32).tiny), np.float32)


if __name__ == "__main__":
    serve(load)
