"""A speech engine over a child process that reads one sentence at a time, whatever model is in it."""

from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass
from typing import Protocol

from fondaco.domain.errors import EngineError, NothingToReadError
from fondaco.domain.media.speech import SAMPLE_BYTES, SpeechTask, SpokenPiece
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.speech.sentences import sentences
from fondaco.workers.child_engine import ChildEngine
from fondaco.workers.worker import Program

_FASTEST_RATE = 192_000


class SpeechLaunch(Protocol):
    """Launch options of an engine's child, and its needs.

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


class Speaker(ChildEngine):
    """A `SpeechEngine` that runs on this machine.

    Accounts whose texts are read at the same time take turns, sentence by sentence.
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
        super().__init__(models, launch.program, name=name, queue=queue, idle_s=idle_s)
        self._launch = launch

    async def speak(self, task: SpeechTask) -> AsyncGenerator[SpokenPiece]:
        """Yield the speech sentence by sentence; what has no sound counts with the next that has.

        Raises:
            EngineBusyError: too many texts wait already; a text that was started is read to its end.
            EngineUnavailableError: its libraries or files are missing, or the child does not start.
            NothingToReadError: nothing of the text can be read aloud.
            EngineError: it failed at a sentence.
        """
        await self._expect_ready(task.model)
        rate = silent = 0
        for number, sentence in enumerate(sentences(task.text)):
            silent += len(sentence)
            sound = await self._read(task, sentence, begun=number > 0)
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
        if self.pid is None:
            await self._launch.expect_installed(next(iter(self._models), self._name))

    async def _read(self, task: SpeechTask, sentence: str, *, begun: bool) -> _Sound:
        request = {"text": sentence, "voice": task.voice}
        response = await self._worker.ask(request, account=task.account_scope, begun=begun)
        rate = whole(response.fields.get("rate"), _FASTEST_RATE)
        if not rate or len(response.payload) % SAMPLE_BYTES:
            raise EngineError
        return _Sound(response.payload, rate)
