"""The engine `embedded`: one child process for each model in use, under one name."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping, Sequence
from functools import partial

import anyio
import anyio.abc

from fondaco.domain.chat.events import EventBatch
from fondaco.domain.chat.request import ChatRequest
from fondaco.domain.errors import EngineUnavailableError, FondacoError
from fondaco.engines.llamacpp.engine import LlamaCpp
from fondaco.engines.llamacpp.supervisor import Launch
from fondaco.ports import EngineProcess, Prompt, Templates


class Embedded:
    """Routes each request to the child of its model, which starts at the first request."""

    def __init__(
        self,
        launches: Mapping[str, Launch],
        *,
        name: str = "embedded",
        first_byte_timeout_s: float = 120.0,
        total_timeout_s: float = 1800.0,
        templates: Templates | None = None,
    ) -> None:
        """Prepare a child for each model id; `probe` uses the first."""
        self._name = name
        self._first_byte_timeout_s = first_byte_timeout_s
        self._total_timeout_s = total_timeout_s
        self._templates = templates
        self._launches = dict(launches)
        self._engines = {model: self._engine(model, launch) for model, launch in launches.items()}
        self._running: anyio.abc.TaskGroup | None = None
        self._scopes: dict[LlamaCpp, anyio.CancelScope] = {}

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    @property
    def child_pids(self) -> dict[str, int]:
        """Model id -> process id, of running children."""
        pids = {model: engine.child_pid for model, engine in self._engines.items()}
        return {model: pid for model, pid in pids.items() if pid is not None}

    @property
    def processes(self) -> Sequence[EngineProcess]:
        """A process for each model."""
        return [engine.process for engine in self._engines.values()]

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep the children available until cancelled; end them then."""
        async with anyio.create_task_group() as self._running:
            for engine in self._engines.values():
                await self._running.start(self._keep, engine)
            task_status.started()
            await anyio.sleep_forever()

    async def follow(self, launches: Mapping[str, Launch]) -> Callable[[], None]:
        """Replace the models; one whose launch is unchanged keeps its child.

        Returns:
            A function that ends the removed children, to be called once their calls have ended.
        """
        if self._running is None:
            raise RuntimeError("The embedded engine is not running.")
        before, engines = self._engines, dict[str, LlamaCpp]()
        for model, launch in launches.items():
            if self._launches.get(model) == launch:
                engines[model] = before[model]
            else:
                engines[model] = self._engine(model, launch)
                await self._running.start(self._keep, engines[model])
        self._launches, self._engines = dict(launches), engines
        kept = set(engines.values())
        return partial(self._end, [engine for engine in before.values() if engine not in kept])

    def runs(self, model: str) -> bool:
        """Whether it has a model of this id."""
        return model in self._engines

    @contextlib.contextmanager
    def file_downloading(self, model: str) -> Generator[None]:
        """Mark a model's file as being downloaded, for the error of requests meanwhile."""
        engine = self._engines[model]
        engine.file_downloading = True
        try:
            yield
        finally:
            engine.file_downloading = False

    async def warm_up(self) -> None:
        """Load the first model in advance; errors are reported at the first request."""
        for engine in tuple(self._engines.values())[:1]:
            with contextlib.suppress(FondacoError):
                # The model's template may reject the probe's message.
                await engine.probe()

    async def measure(self, request: ChatRequest) -> Prompt:
        """Render the prompt by the model's template and count its tokens."""
        return await self._of(request.model).measure(request)

    def chat(self, request: ChatRequest, prompt: Prompt | None) -> AsyncGenerator[EventBatch]:
        """Answer the request."""
        return self._of(request.model).chat(request, prompt)

    def read_on_s(self, request: ChatRequest) -> float:
        """Return 0: the embedded servers always stream."""
        return self._of(request.model).read_on_s(request)

    def ignores(self, request: ChatRequest) -> tuple[str, ...]:
        """Return the ignored options: all hints, and a reasoning summary."""
        return self._of(request.model).ignores(request)

    async def probe(self) -> None:
        """Generate one token on the first model.

        Raises:
            EngineError: it cannot.
        """
        first = next(iter(self._engines.values()), None)
        if first is None:
            raise EngineUnavailableError("No embedded model is configured.")
        await first.probe()

    def _engine(self, model: str, launch: Launch) -> LlamaCpp:
        return LlamaCpp(
            self._name,
            launch,
            model=model,
            first_byte_timeout_s=self._first_byte_timeout_s,
            total_timeout_s=self._total_timeout_s,
            templates=self._templates,
        )

    async def _keep(
        self,
        engine: LlamaCpp,
        *,
        task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        with anyio.CancelScope() as self._scopes[engine]:
            await engine.run(task_status=task_status)

    def _end(self, engines: Iterable[LlamaCpp]) -> None:
        for engine in engines:
            self._scopes.pop(engine).cancel()

    def _of(self, model: str) -> LlamaCpp:
        engine = self._engines.get(model)
        if engine is None:
            raise EngineUnavailableError(f"The engine {self._name!r} does not run {model!r}.")
        return engine
