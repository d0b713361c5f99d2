"""The seam between the batches of an embedding model and the child process that runs the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import anyio
import anyio.abc

from fondaco.domain.embedding import EmbeddingInput
from fondaco.domain.errors import EngineError
from fondaco.domain.untrusted_numbers import whole
from fondaco.workers.worker import Program, Worker


class UnknownToken(Exception):  # noqa: N818 - a result, which becomes an error in `Embedder`
    """A token id that is not in the model's vocabulary, with the index of its input."""

    def __init__(self, index: int, token: object) -> None:
        super().__init__(index, token)
        self.index = index
        self.token = token


class EmbeddingBackend(Protocol):
    """A child process that runs one embedding model; it starts at the first request."""

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        ...

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep the child available until cancelled; end it then."""
        ...

    async def count(self, inputs: Sequence[EmbeddingInput]) -> list[int]:
        """Return the tokens of each input.

        Raises:
            UnknownToken: a token id is not in the vocabulary.
            EngineError: the child failed.
        """
        ...

    async def embed(self, inputs: Sequence[EmbeddingInput]) -> tuple[bytes, list[int]]:
        """Return the unit vectors one after the other, as little-endian float32, and the tokens.

        Raises:
            EngineError: the child failed.
        """
        ...


class EmbeddingProgram(Protocol):
    """A recipe for a backend: comparable, so that a reload detects changes."""

    def backend(self, *, engine: str, model: str) -> EmbeddingBackend:
        """Return a backend; `engine` and `model` name it in the log."""
        ...


@dataclass(frozen=True, slots=True)
class PipedProgram:
    """A child that answers `count` and `embed` over pipes."""

    program: Program

    def backend(self, *, engine: str, model: str) -> "PipedBackend":
        """Return a backend over a worker."""
        return PipedBackend(Worker(self.program, engine=engine, model=model))


class PipedBackend:
    """A worker that answers `count` and `embed`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return self._worker.pid

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Wait until cancelled, and end the child."""
        task_status.started()
        try:
            await anyio.sleep_forever()
        finally:
            await self._worker.aclose()

    async def count(self, inputs: Sequence[EmbeddingInput]) -> list[int]:
        """Return the tokens of each input."""
        fields, _ = await self._worker.ask({"op": "count", "inputs": list(inputs)})
        return _counts(fields, len(inputs))

    async def embed(self, inputs: Sequence[EmbeddingInput]) -> tuple[bytes, list[int]]:
        """Return the vectors and the tokens of each input."""
        fields, payload = await self._worker.ask({"op": "embed", "inputs": list(inputs)})
        return payload, _counts(fields, len(inputs))


def _counts(fields: Mapping[str, Any], expected: int) -> list[int]:
    """Return the token counts in a worker's response.

    Raises:
        UnknownToken: the worker reports one.
        EngineError: it did not return one whole number per input.
    """
    if (unknown := fields.get("unknown")) is not None:
        raise UnknownToken(unknown["input"], unknown["token"])
    tokens = fields.get("tokens")
    counts = [whole(count) for count in tokens] if isinstance(tokens, list) else []
    valid = [count for count in counts if count is not None]
    if len(valid) != expected:
        raise EngineError
    return valid
