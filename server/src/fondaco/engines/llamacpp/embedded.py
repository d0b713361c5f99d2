"""The engine `embedded`: one child process for each model in use, behind one name."""

import contextlib
from collections.abc import AsyncGenerator, Mapping

import anyio
import anyio.abc

from fondaco.domain.chat import Burst, Turn
from fondaco.domain.errors import EngineError, EngineUnavailableError
from fondaco.engines.llamacpp.engine import LlamaCpp
from fondaco.engines.llamacpp.supervisor import Launch
from fondaco.ports import Prompt, Templates


class Embedded:
    """Hands each turn to the child of its model; a child starts with the first turn for it."""

    def __init__(
        self,
        launches: Mapping[str, Launch],
        *,
        name: str = "embedded",
        first_byte_timeout_s: float = 120.0,
        total_timeout_s: float = 1800.0,
        templates: Templates | None = None,
    ) -> None:
        """Prepare a child for each model id; the first is the one that `probe` asks."""
        self._name = name
        self._engines = {
            model: LlamaCpp(
                name,
                launch,
                model=model,
                first_byte_timeout_s=first_byte_timeout_s,
                total_timeout_s=total_timeout_s,
                templates=templates,
            )
            for model, launch in launches.items()
        }

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    @property
    def child_pids(self) -> dict[str, int]:
        """Model id -> process id, of the children that run."""
        found = {model: engine.child_pid for model, engine in self._engines.items()}
        return {model: pid for model, pid in found.items() if pid is not None}

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep the children available until cancelled; then they are gone."""
        async with anyio.create_task_group() as children:
            for engine in self._engines.values():
                await children.start(engine.run)
            task_status.started()

    async def warm_up(self) -> None:
        """Load the first model before anybody asks for it; a fault shows when somebody does."""
        for engine in tuple(self._engines.values())[:1]:
            with contextlib.suppress(EngineError):
                await engine.probe()

    async def measure(self, turn: Turn) -> Prompt:
        """Render the prompt by the model's template and count its tokens."""
        return await self._of(turn.model).measure(turn)

    def chat(self, turn: Turn, prompt: Prompt | None) -> AsyncGenerator[Burst]:
        """Answer the turn."""
        return self._of(turn.model).chat(turn, prompt)

    def ignores(self, turn: Turn) -> tuple[str, ...]:
        """Return what means nothing here: all hints, and a summary of thoughts."""
        return self._of(turn.model).ignores(turn)

    async def probe(self) -> None:
        """Generate one token on the first model.

        Raises:
            EngineError: it cannot.
        """
        first = next(iter(self._engines.values()), None)
        if first is None:
            raise EngineUnavailableError("No embedded model is configured.")
        await first.probe()

    def _of(self, model: str) -> LlamaCpp:
        engine = self._engines.get(model)
        if engine is None:
            raise EngineUnavailableError(f"The engine {self._name!r} does not run {model!r}.")
        return engine
