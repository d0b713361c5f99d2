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
from fondaco.workers.backend import EmbeddingProgram, UnknownToken
from fondaco.workers.batcher import Batcher

_FLOAT_BYTES = 4
_SPECIAL_TOKENS = 8
"""More than tokenizers put around a text."""
_COUNTED_CHARACTERS = 2**16
"""So many are counted at a time; batches of other calls run between."""
_CHARACTERS_A_TOKEN = 32
"""More than tokens of any text have on average."""
_COUNTED_AT_ALL = 2**17
"""A text of no more characters is counted, however short the context is."""
_CHARACTERS_AN_ID = 8
"""As many as a token id weighs among characters to count."""


@dataclass(frozen=True, slots=True)
class EmbeddingLaunch:
    """A model that a worker runs."""

    program: EmbeddingProgram
    files: tuple[Path, ...]
    """What has to be here before the child can start."""
    context_tokens: int
    """The most tokens of one input, special tokens included."""
    dimensions: int
    batch_tokens: int
    """The most tokens of a batch: as many as run in a fraction of a second."""
    prefix_bytes: int = 0
    """The length of what the worker puts before each text."""
    queue: int = 256
    """Requests that may wait."""
    source: str | None = None
    """What `fondaco models pull` takes to bring the files; None: the model's id."""
    lacking: str = ""
    """Why this machine cannot run it, and what to do; empty: it can."""


class EmbeddingWorkers:
    """An `EmbeddingEngine` with one child per model, started by the model's first request.

    `run` has to run while calls are made.
    """

    def __init__(self, launches: Mapping[str, EmbeddingLaunch], *, name: str) -> None:
        """Prepare a worker for each model id; the first is the one that `probe` asks."""
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
        """Model id -> process id, of the workers that run."""
        found = {model_id: model.backend.pid for model_id, model in self._models.items()}
        return {model_id: pid for model_id, pid in found.items() if pid is not None}

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep the models available until cancelled; then their workers are gone."""
        async with anyio.create_task_group() as self._running:
            for model in self._models.values():
                await self._running.start(self._keep, model)
            task_status.started()
            await anyio.sleep_forever()

    async def follow(self, launches: Mapping[str, EmbeddingLaunch]) -> Callable[[], None]:
        """Run these models from now on; one whose launch is as before keeps its worker.

        Returns:
            Ends the other workers; to be called once the calls that they answer have ended.
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
    def file_coming(self, model_id: str) -> Generator[None]:
        """Tell whoever asks for a model meanwhile that its files are being fetched."""
        model = self._models[model_id]
        model.files_coming = True
        try:
            yield
        finally:
            model.files_coming = False

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
        """How much there is to count, in characters of text."""
        length = len(self.input)
        return length if isinstance(self.input, str) else length * _CHARACTERS_AN_ID


class _Model:
    """One model: its worker, and the batches that the worker is asked for."""

    def __init__(self, engine: str, model_id: str, launch: EmbeddingLaunch) -> None:
        self.launch = launch
        self.files_coming = False
        self.backend = launch.program.backend(engine=engine, model=model_id)
        self.batcher = Batcher[EmbeddingInput, tuple[Vector, int]](
            self._embedded, batch_tokens=launch.batch_tokens, queue=launch.queue, name=engine
        )
        # Callers never ask the worker themselves: one that goes away would end it over its question.
        self.counter = Batcher[_Countable, int](
            self._counted, batch_tokens=_COUNTED_CHARACTERS, queue=launch.queue, name=engine
        )
        self._id = model_id

    async def expect_installed(self) -> None:
        """Return if the model's files are here, and the libraries that run it.

        Raises:
            EngineUnavailableError: they are not.
        """
        if self.backend.pid is not None:
            return
        if self.launch.lacking:
            raise EngineUnavailableError(self.launch.lacking)
        for file in self.launch.files:
            if not await anyio.Path(file).is_file():
                raise ModelNotInstalledError(self._id, self.launch.source, coming=self.files_coming)

    def bounds(self, inputs: Sequence[EmbeddingInput]) -> TokenCounts | None:
        """Return upper bounds where the inputs together are short enough for any count to fit."""
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
        """Have some inputs counted."""
        try:
            return await self.backend.count([item.input for item in items])
        except UnknownToken as told:
            item = items[told.index]
            raise UnknownTokenError(item.position, told.token, alone=item.alone) from None

    async def _embedded(self, inputs: Sequence[EmbeddingInput]) -> list[tuple[Vector, int]]:
        """Have a batch embedded; return each input's vector and tokens."""
        try:
            payload, tokens = await self.backend.embed(inputs)
        except UnknownToken as told:  # it was counted before, unless another engine did that
            raise EngineError from told
        size = self.launch.dimensions * _FLOAT_BYTES
        if len(payload) != size * len(inputs):
            found = len(payload) / _FLOAT_BYTES / len(inputs)
            raise EngineError(
                f"The model {self._id!r} makes vectors of {found:g} dimensions; its entry in the "
                f"configuration says {self.launch.dimensions}. The operator has to correct it."
            )
        return [
            (payload[start * size : (start + 1) * size], count)
            for start, count in enumerate(tokens)
        ]


def _expect_fit(counts: Sequence[int], most: int) -> None:
    for index, count in enumerate(counts):
        if count > most:
            raise InputTooLongError(index, count, most, alone=len(counts) == 1)
