"""A speech engine over a child process that reads one sentence at a time, whatever model is in it."""

from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from typing import Protocol

import anyio
import anyio.abc

from fondaco.domain.errors import (
    EngineBusyError,
    EngineError,
    EngineUnavailableError,
    NothingToReadError,
)
from fondaco.domain.media.speech import SAMPLE_BYTES, SpeechTask, SpokenPiece
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.speech.sentences import sentences
from fondaco.workers.queued import QueuedWorker
from fondaco.workers.worker import Program

_FASTEST_RATE = 192_000
_MOST_SENTENCES = 100_000
"""That wait: of each text that was begun there is one at a time."""


class SpeechLaunch(Protocol):
    """How an engine's child is started, and what it needs.

    The child gets requests with `text`, a sentence, and `voice`; it returns `rate`, and the sound as PCM
    of 16 bits, empty where there is nothing to read. It is cancellable, and goes on after it was cancelled.
    """

    @property
    def program(self) -> Program:
        """The program of the child."""
        ...

    async def expect_installed(self, model: str) -> None:
        """Return if the child could start.

        Raises:
            EngineUnavailableError: a library is missing, or a file of the model.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Sound:
    pcm: bytes
    rate: int


class Speaker:
    """A `SpeechEngine` that computes here. `run` has to run while calls are made.

    Texts that are read at the same time take turns, sentence by sentence.
    """

    def __init__(
        self,
        models: Collection[str],
        launch: SpeechLaunch,
        *,
        name: str,
        queue: int = 16,
        idle_s: float = 300.0,
    ) -> None:
        """Prepare.

        Args:
            models: the ids of the models that it is, mostly one.
            launch: how its child is started.
            name: in the configuration.
            queue: texts that may wait for their first sentence.
            idle_s: after so long without a text the child ends.
        """
        self._models = frozenset(models)
        self._launch = launch
        self._name = name
        self._queue = queue
        self._waiting = 0
        """Texts of which a sentence is read, or is to be: not those whose callers take what was read."""
        self._worker = QueuedWorker(
            launch.program,
            engine=name,
            model=next(iter(models), name),
            queue=_MOST_SENTENCES,
            idle_s=idle_s,
        )

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return self._worker.pid

    def follow(self, models: Collection[str]) -> None:
        """Be these models from now on."""
        self._models = frozenset(models)

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """End the child whenever it is idle for long, until cancelled; end it then."""
        await self._worker.run(task_status=task_status)

    async def speak(self, task: SpeechTask) -> AsyncGenerator[SpokenPiece]:
        """Yield the speech sentence by sentence; what has no sound counts with the next that has.

        Raises:
            EngineBusyError: too many texts wait already; a text that was begun is read to its end.
            EngineUnavailableError: its libraries or files are missing, or the child does not start.
            NothingToReadError: nothing of the text can be read aloud.
            EngineError: it failed at a sentence.
        """
        if task.model not in self._models:
            raise EngineUnavailableError(f"The engine {self._name!r} does not run {task.model!r}.")
        if self._waiting > self._queue:
            raise EngineBusyError
        await self.probe()
        rate = silent = 0
        for sentence in sentences(task.text):
            silent += len(sentence)
            sound = await self._read(sentence, task.voice)
            if sound.pcm:
                yield SpokenPiece(sound.pcm, sound.rate, silent)
                rate, silent = sound.rate, 0
        if not rate:
            raise NothingToReadError
        if silent:
            yield SpokenPiece(b"", rate, silent)

    async def probe(self) -> None:
        """Return if it could read a text; it does not, as its child may have to start.

        Raises:
            EngineUnavailableError: its libraries or files are missing.
        """
        if self._worker.pid is None:
            await self._launch.expect_installed(next(iter(self._models), self._name))

    async def _read(self, sentence: str, voice: str) -> _Sound:
        self._waiting += 1
        try:
            response = await self._worker.ask({"text": sentence, "voice": voice})
        finally:
            self._waiting -= 1
        rate = whole(response.fields.get("rate"), _FASTEST_RATE)
        if not rate or len(response.payload) % SAMPLE_BYTES:
            raise EngineError
        return _Sound(response.payload, rate)
