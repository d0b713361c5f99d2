"""Embedding models in workers: token counts, batches across callers, vectors."""

import contextlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import anyio
import anyio.abc

from fondaco.domain.embedding import (
    EmbeddingInput,
    EmbeddingRequest,
    Embeddings,
    TokenCounts,
    Vector,
    shortened,
    token_bound,
)
from fondaco.domain.errors import (
    EngineError,
    EngineUnavailableError,
    InputTooLongError,
    ModelNotInstalledError,
    UnknownTokenError,
)
from fondaco.domain.money.usage import Report
from fondaco.ports import EngineProcess, EngineState
from fondaco.workers.backend import EmbeddingProgram, UnknownToken
from fondaco.workers.batcher import Batcher

_FLOAT_BYTES = 4
_SPECIAL_TOKENS = 8
"""More than tokenizers put around a text."""
_COUNTED_CHARACTERS = 2**16
"""Characters counted at a time; batches of other calls run in between."""
_CHARACTERS_A_TOKEN = 32
"""Above the average length of a token in any text."""
_COUNTED_AT_ALL = 2**17
"""Longer texts are refused uncounted, where the context is so short that they cannot fit."""
_CHARACTERS_AN_ID = 8
"""Weight of a token id among the characters to count."""


@dataclass(frozen=True, slots=True)
class EmbeddingLaunch:
    """A model that a worker runs."""

    program: EmbeddingProgram
    files: tuple[Path, ...]
    """Files that must exist before the child can start."""
    context_tokens: int
    """The most tokens of one input, special tokens included."""
    dimensions: int
    batch_tokens: int
    """The most tokens of a batch, chosen so that it runs in a fraction of a second."""
    prefix_bytes: int = 0
    """The length of the prefix that the worker puts before each text."""
    queue: int = 256
    """The most requests that may wait."""
    source: str | None = None
    """The argument of `fondaco models pull` that downloads the files; None: the model's id."""
    unavailable_reason: str = ""
    """Why this machine cannot run the model, and the fix; empty if it can."""


class EmbeddingWorkers:
    """An `EmbeddingEngine` with one child per model, started by the model's first request.

    `run` must run while calls are made.
    """

    def __init__(self, launches: Mapping[str, EmbeddingLaunch], *, name: str) -> None:
        """Prepare a worker for each model id; `probe` uses the first."""
        self._name = name
        self._launches = dict(launches)
        self._models = {model: _Model(name, model, one) for model, one in launches.items()}
        self._running: anyio.abc.TaskGroup | None = None
        self._scopes: dict[_Model, anyio.CancelScope] = {}

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    @property
    def child_pids(self) -> dict[str, int]:
        """Model id -> process id, of running workers."""
        pids = {model_id: model.backend.pid for model_id, model in self._models.items()}
        return {model_id: pid for model_id, pid in pids.items() if pid is not None}

    @property
    def processes(self) -> Sequence[EngineProcess]:
        """A process for each model; its calls share batches, so it has no slots."""
        return [
            EngineProcess(
                model_id,
                EngineState.STOPPED if model.backend.pid is None else EngineState.LOADED,
                pid=model.backend.pid,
                running=model.batcher.running,
                waiting=model.batcher.waiting,
            )
            for model_id, model in self._models.items()
        ]

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep the models available until cancelled; end their workers then."""
        async with anyio.create_task_group() as self._running:
            for model in self._models.values():
                await self._running.start(self._keep, model)
            task_status.started()
            await anyio.sleep_forever()

    async def follow(self, launches: Mapping[str, EmbeddingLaunch]) -> Callable[[], None]:
        """Replace the models; one whose launch is unchanged keeps its worker.

        Returns:
            A function that ends the removed workers, to be called once their calls have ended.
        """
        if self._running is None:
            raise RuntimeError(f"The engine {self._name!r} does not run.")
        before, models = self._models, dict[str, _Model]()
        for model_id, launch in launches.items():
            if self._launches.get(model_id) == launch:
                models[model_id] = before[model_id]
            else:
                models[model_id] = _Model(self._name, model_id, launch)
                await self._running.start(self._keep, models[model_id])
        self._launches, self._models = dict(launches), models
        kept = set(models.values())
        return partial(self._end, [model for model in before.values() if model not in kept])

    def runs(self, model_id: str) -> bool:
        """Whether it has a model of this id."""
        return model_id in self._models

    @contextlib.contextmanager
    def file_downloading(self, model_id: str) -> Generator[None]:
        """Mark a model's files as being downloaded, for the error of requests meanwhile."""
        model = self._models[model_id]
        model.files_downloading = True
        try:
            yield
        finally:
            model.files_downloading = False

    async def measure(self, request: EmbeddingRequest) -> TokenCounts:
        """Count the tokens of each input; a short request is bounded by its bytes, without a worker.

        Raises:
            InputTooLongError: an input has more tokens than the model takes.
            UnknownTokenError: a token id is not in the model's vocabulary.
            ModelNotInstalledError: the model's files are missing.
        """
        model = self._of(request.model)
        await model.expect_installed()
        counts = model.bounds(request.inputs) or TokenCounts(await model.counted(request))
        _expect_fit(counts.counts, model.launch.context_tokens)
        return counts

    async def embed(self, request: EmbeddingRequest, counts: TokenCounts | None) -> Embeddings:
        """Return the inputs' vectors; their batches take turns with those of other accounts.

        Raises:
            InputTooLongError: an input has more tokens than the model takes.
            EngineUnavailableError: the worker is down, or has too many requests.
        """
        model = self._of(request.model)
        await model.expect_installed()
        if counts is None:
            counts = await self.measure(request)
        items = list(zip(request.inputs, counts.counts, strict=True))
        embedded = await model.batcher.submit(request.account_scope, items)
        return Embeddings(
            tuple(shortened(vector, request.dimensions) for vector, _ in embedded),
            Report(input_tokens=sum(tokens for _, tokens in embedded)),
        )

    async def probe(self) -> None:
        """Embed one word with the first model.

        Raises:
            EngineError: it cannot.
        """
        first = next(iter(self._models), None)
        if first is None:
            raise EngineUnavailableError(f"The engine {self._name!r} has no models.")
        await self.embed(EmbeddingRequest(first, ("Hi",)), None)

    async def _keep(
        self,
        model: "_Model",
        *,
        task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        with anyio.CancelScope() as self._scopes[model]:
            async with anyio.create_task_group() as tasks:
                await tasks.start(model.backend.run)
                await tasks.start(model.counter.run)
                await model.batcher.run(task_status=task_status)

    def _end(self, models: "Iterable[_Model]") -> None:
        for model in models:
            self._scopes.pop(model).cancel()

    def _of(self, model_id: str) -> "_Model":
        model = self._models.get(model_id)
        if model is None:
            raise EngineUnavailableError(f"The engine {self._name!r} does not run {model_id!r}.")
        return model


class _Countable(NamedTuple):
    """One input of a request, to be counted."""

    position: int
    alone: bool
    """Whether it is the request's only input."""
    input: EmbeddingInput

    @property
    def characters(self) -> int:
        """Amount to count, in characters of text."""
        length = len(self.input)
        return length if isinstance(self.input, str) else length * _CHARACTERS_AN_ID


class _Model:
    """One model: its worker, and the batchers in front of it."""

    def __init__(self, engine: str, model_id: str, launch: EmbeddingLaunch) -> None:
        self.launch = launch
        self.files_downloading = False
        self.backend = launch.program.backend(engine=engine, model=model_id)
        self.batcher = Batcher[EmbeddingInput, tuple[Vector, int]](
            self._embedded, batch_tokens=launch.batch_tokens, queue=launch.queue, name=engine
        )
        # Counting is batched too: cancelling a direct request to the worker would end its child.
        self.counter = Batcher[_Countable, int](
            self._counted, batch_tokens=_COUNTED_CHARACTERS, queue=launch.queue, name=engine
        )
        self._id = model_id

    async def expect_installed(self) -> None:
        """Check that the model's files and the libraries that run it are installed.

        Raises:
            EngineUnavailableError: they are not.
        """
        if self.backend.pid is not None:
            return
        if self.launch.unavailable_reason:
            raise EngineUnavailableError(self.launch.unavailable_reason)
        for file in self.launch.files:
            if not await anyio.Path(file).is_file():
                raise ModelNotInstalledError(
                    self._id, self.launch.source, downloading=self.files_downloading
                )

    def bounds(self, inputs: Sequence[EmbeddingInput]) -> TokenCounts | None:
        """Return upper bounds if the inputs together fit by their bytes alone, else None."""
        most = self.launch.context_tokens
        overhead = _SPECIAL_TOKENS + self.launch.prefix_bytes
        bounds: list[int] = []
        left = most
        for text in inputs:
            if not isinstance(text, str) or len(text) > left:
                return None
            bounds.append(token_bound(text) + overhead)
            left -= bounds[-1]
        return TokenCounts(tuple(bounds), exact=False) if left >= 0 else None

    async def counted(self, request: EmbeddingRequest) -> tuple[int, ...]:
        """Return the tokens of each input; accounts take turns at counting, too.

        Raises:
            InputTooLongError: an input is too long by its characters alone, and was not counted.
            UnknownTokenError: a token id is not in the model's vocabulary.
        """
        context = self.launch.context_tokens
        most = max(_COUNTED_AT_ALL, _CHARACTERS_A_TOKEN * context)
        alone = len(request.inputs) == 1
        items = [_Countable(index, alone, one) for index, one in enumerate(request.inputs)]
        for item in items:
            if item.characters > most:
                raise InputTooLongError(item.position, None, context, alone=alone)
        return await self.counter.submit(
            request.account_scope, [(item, item.characters) for item in items]
        )

    async def _counted(self, items: Sequence[_Countable]) -> list[int]:
        """Count a batch in the worker."""
        try:
            return await self.backend.count([item.input for item in items])
        except UnknownToken as unknown:
            item = items[unknown.index]
            raise UnknownTokenError(item.position, unknown.token, alone=item.alone) from None

    async def _embedded(self, inputs: Sequence[EmbeddingInput]) -> list[tuple[Vector, int]]:
        """Embed a batch in the worker; return each input's vector and tokens."""
        try:
            payload, tokens = await self.backend.embed(inputs)
        except UnknownToken as unknown:  # only possible if another engine counted
            raise EngineError from unknown
        size = self.launch.dimensions * _FLOAT_BYTES
        if len(payload) != size * len(inputs):
            actual = len(payload) / _FLOAT_BYTES / len(inputs)
            raise EngineError(
                f"The model {self._id!r} returns vectors of {actual:g} dimensions; its entry in "
                f"the configuration has {self.launch.dimensions}. The operator must correct it."
            )
        return [
            (payload[start * size : (start + 1) * size], count)
            for start, count in enumerate(tokens)
        ]


def _expect_fit(counts: Sequence[int], most: int) -> None:
    for index, count in enumerate(counts):
        if count > most:
            raise InputTooLongError(index, count, most, alone=len(counts) == 1)
