"""Whisper models as a transcription engine: each in a child process, one piece of sound at a time."""

from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.abc

from fondaco.domain.errors import (
    EngineError,
    EngineUnavailableError,
    InvalidRequestError,
    ModelNotInstalledError,
)
from fondaco.domain.media.transcription import (
    Segment,
    TranscriptionTask,
    TranscriptPart,
    checked_word,
)
from fondaco.domain.untrusted_numbers import finite
from fondaco.engines.whisper.launch import WhisperLaunch, unavailable_reason
from fondaco.ports import EngineProcess, EngineState
from fondaco.workers.queued import QueuedWorker, Turn

_LOOK_S = 10.0
"""Between looks at whether a child has been idle for long."""
_PIECE_S = 120.0
"""Length of sound that a child gets at a time. Between pieces others have their turn."""
_LEAST_PIECE_S = 1.0


@dataclass(slots=True)
class _Loaded:
    """A model's child process, which may have ended meanwhile."""

    launch: WhisperLaunch
    worker: QueuedWorker
    calls: int = 0
    """Under way, those that wait included."""


class Whisper:
    """A `TranscriptionEngine` on this machine. `run` must run while calls are made.

    A model is loaded at its first call, and unloaded after a while without any.
    """

    def __init__(
        self,
        launches: Mapping[str, WhisperLaunch],
        *,
        name: str,
        queue: int = 16,
        idle_s: float = 300.0,
        unavailable: Callable[[], str] = unavailable_reason,
    ) -> None:
        """Prepare.

        Args:
            launches: model id -> how it is started.
            name: in the configuration.
            queue: calls of a model that may wait for their turn.
            idle_s: after so long without a call a model is unloaded.
            unavailable: returns why no model can run here; empty if they can.
        """
        self._launches = dict(launches)
        self._name = name
        self._queue = queue
        self._idle_s = idle_s
        self._unavailable = unavailable
        self._loaded: dict[str, _Loaded] = {}
        self._downloading: set[str] = set()

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        return self._name

    def pid(self, model: str) -> int | None:
        """Return the process id of a model's child, where one runs."""
        loaded = self._loaded.get(model)
        return None if loaded is None else loaded.worker.pid

    @property
    def processes(self) -> Sequence[EngineProcess]:
        """A process for each model."""
        return [
            loaded.worker.process(model)
            if (loaded := self._loaded.get(model)) is not None
            else EngineProcess(model, EngineState.STOPPED, slots=1)
            for model in self._launches
        ]

    def runs(self, model: str) -> bool:
        """Whether it runs a model, once its files are here."""
        return model in self._launches

    @contextmanager
    def file_downloading(self, model: str) -> Generator[None]:
        """Mark a model's files as being downloaded, for the error of calls meanwhile."""
        self._downloading.add(model)
        try:
            yield
        finally:
            self._downloading.discard(model)

    def follow(self, launches: Mapping[str, WhisperLaunch]) -> None:
        """Run these models from now on; the children of others end when no call needs them."""
        self._launches = dict(launches)

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Unload models that are idle for long, until cancelled; unload all then."""
        task_status.started()
        try:
            while True:
                await anyio.sleep(min(_LOOK_S, self._idle_s))
                await self._unload_idle()
        finally:
            with anyio.CancelScope(shield=True):
                for loaded in self._loaded.values():
                    await loaded.worker.aclose()

    async def transcribe(self, task: TranscriptionTask) -> AsyncGenerator[TranscriptPart]:
        """Yield the transcript, segment by segment; cancelling has the child stop after the segment in hand.

        Accounts take turns, piece by piece.

        Raises:
            InvalidRequestError: the model does not know the language.
            EngineBusyError: too many wait already.
            EngineUnavailableError: its libraries are missing, or the child does not start.
            ModelNotInstalledError: its files are missing.
            EngineError: it failed at this sound.
        """
        loaded = await self._ready(task.model)
        language, heard_s, length_s = task.language, 0.0, task.sound.seconds
        loaded.calls += 1
        try:
            while heard_s < length_s:
                async with loaded.worker.turn(task.account_scope, begun=heard_s > 0) as turn:
                    piece = await _Piece.begun(turn, task, heard_s, language)
                    language = piece.language
                    while (segment := await piece.next()) is not None:
                        segment = segment.within(length_s)
                        yield TranscriptPart(segment.end_s, (segment,), language)
                heard_s = piece.until_s
                yield TranscriptPart(heard_s, (), language)
        finally:
            loaded.calls -= 1

    async def probe(self) -> None:
        """Return if it could transcribe; it does not, as that takes seconds.

        Raises:
            EngineUnavailableError: its libraries are missing.
        """
        if reason := self._unavailable():
            raise EngineUnavailableError(reason)

    async def _ready(self, model: str) -> _Loaded:
        launch = self._launches.get(model)
        if launch is None:
            raise EngineUnavailableError(f"The engine {self._name!r} does not run {model!r}.")
        loaded = self._loaded.get(model)
        if loaded is not None and loaded.launch == launch and loaded.worker.pid is not None:
            return loaded
        await self.probe()
        for file in launch.files.values():
            if not await anyio.Path(file).is_file():
                downloading = model in self._downloading
                raise ModelNotInstalledError(model, launch.source, downloading=downloading)
        loaded = self._loaded.get(model)  # another request may have loaded it meanwhile
        if loaded is None or (loaded.launch != launch and not loaded.calls):
            worker = QueuedWorker(
                launch.program,
                engine=self._name,
                model=model,
                queue=self._queue,
                idle_s=self._idle_s,
            )
            loaded = self._loaded[model] = _Loaded(launch, worker)
        return loaded

    async def _unload_idle(self) -> None:
        for model, loaded in tuple(self._loaded.items()):
            if loaded.calls:
                continue
            if self._launches.get(model) == loaded.launch:
                await loaded.worker.end_idle()
                continue
            await loaded.worker.aclose()
            if not loaded.calls:
                del self._loaded[model]


@dataclass(slots=True)
class _Piece:
    """A piece of a task's audio, for the child."""

    turn: Turn
    offset_s: float
    until_s: float
    """Start of the next piece, in seconds of the whole sound."""
    language: str | None
    last_s: float

    @classmethod
    async def begun(
        cls, turn: Turn, task: TranscriptionTask, offset_s: float, language: str | None
    ) -> "_Piece":
        """Have the child hear the next piece.

        Raises:
            InvalidRequestError: the model does not know the language.
            EngineError: the child failed.
        """
        length_s = task.sound.seconds
        last = length_s - offset_s <= _PIECE_S
        sound = task.sound.between(offset_s, length_s if last else offset_s + _PIECE_S)
        request = {
            "language": language,
            "task": task.kind.value,
            "prompt": task.prompt,
            "temperature": task.temperature,
            "words": task.words,
            "last": last,
        }
        fields, _ = await turn.ask(request, sound.samples)
        if "fault" in fields:
            raise _unknown_language(task)
        found, until_s = fields.get("language"), finite(fields.get("until_s"))
        if until_s is None or (until_s < _LEAST_PIECE_S and not last):
            raise EngineError
        until_s = length_s if last else min(offset_s + until_s, length_s)
        language = found if isinstance(found, str) else language
        return cls(turn, offset_s, until_s, language, offset_s)

    async def next(self) -> Segment | None:
        """Return the next segment; None: there is none.

        Raises:
            EngineError: the child failed.
        """
        fields, _ = await self.turn.ask({})
        if "fault" in fields:
            raise EngineError
        shown = fields.get("segment")
        if shown is None:
            return None
        segment = _segment(shown)
        segment = segment.later(self.offset_s)
        if segment.end_s < self.last_s:
            raise EngineError
        self.last_s = segment.end_s
        return segment


def _segment(shown: Mapping[str, Any]) -> Segment:
    """Return the segment in a child's response.

    Raises:
        EngineError: it is none.
    """
    words = [checked_word(*word) for word in shown["words"]]
    segment = Segment.checked(
        shown["text"],
        shown["start"],
        shown["end"],
        [word for word in words if word is not None],
        shown["tokens"],
        shown["temperature"],
        shown["avg_logprob"],
        shown["compression_ratio"],
        shown["no_speech_prob"],
    )
    if segment is None:
        raise EngineError
    return segment


def _unknown_language(task: TranscriptionTask) -> InvalidRequestError:
    reason = f"{task.model!r} does not support {task.language!r}."
    return InvalidRequestError(
        f"language: {reason} Leave it out, or send an ISO 639-1 code such as 'en'.",
        faults={"language": (reason,)},
    )
