"""The sound codec: hands PCM to the child process that encodes it."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from importlib.util import find_spec
from itertools import count

import anyio
import anyio.abc

from fondaco.domain.errors import (
    ConcurrencyLimitError,
    EngineBusyError,
    EngineError,
    EngineUnavailableError,
)
from fondaco.domain.extras import how_to_install
from fondaco.domain.media.speech import SpeechFormat, SpokenPiece
from fondaco.serving.uncancelled import uncancelled
from fondaco.sound.child import MEMORY_LIMIT_BYTES
from fondaco.workers.queued import QueuedWorker
from fondaco.workers.worker import Program

_CHILD = "fondaco.sound.child"
_START_TIMEOUT_S = 30.0
_ANSWER_TIMEOUT_S = 30.0
_CANCEL_GRACE_S = 5.0
_QUEUE = 10_000
"""Requests that may wait: each takes milliseconds, and each call has one at a time."""
_SLICE_BYTES = 2**15
"""Of PCM in a request: the pipe takes it at once, so that none is cancelled half sent, which would
end the child, and with it the files of all others."""
_MOST_FILES = 128
"""In the making: as FLAC each takes 7 MB of the child, and 23 MB of its addresses."""
_IDLE_S = 900.0
"""More than there may be between two pieces of a file, which would be lost with the child."""
_SLOWEST_RATE, _FASTEST_RATE = 8_000, 192_000


@cache
def _installed() -> bool:
    return find_spec("av") is not None and find_spec("numpy") is not None


class PyAVCodec:
    """A `SoundCodec` in a child process, which starts at its first file. `run` must run meanwhile."""

    def __init__(
        self,
        installed: Callable[[], bool] = _installed,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
        *,
        idle_s: float = _IDLE_S,
        most_files: int = _MOST_FILES,
    ) -> None:
        """Prepare.

        Args:
            installed: whether PyAV is here.
            memory_limit_bytes: of the child, counted in addresses.
            idle_s: after so long without sound the child ends.
            most_files: in the making at a time.
        """
        self._installed = installed
        self._numbers = count(1)
        self._most_files = most_files
        self._files: dict[int, int | None] = {}
        """Those in the making."""
        self._worker = QueuedWorker(
            Program(
                _CHILD,
                {"memory_limit_bytes": memory_limit_bytes},
                start_timeout_s=_START_TIMEOUT_S,
                answer_timeout_s=_ANSWER_TIMEOUT_S,
                cancel_grace_s=_CANCEL_GRACE_S,
            ),
            engine="sound",
            model="encoder",
            queue=_QUEUE,
            idle_s=idle_s,
        )

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return self._worker.pid

    async def run(
        self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """End the child whenever it is idle for long, until cancelled; end it then."""
        await self._worker.run(task_status=task_status)

    def expect_installed(self) -> None:
        """Return if PyAV is here.

        Raises:
            EngineUnavailableError: it is not.
        """
        if not self._installed():
            raise EngineUnavailableError(
                f"The packages for speech are not installed. {how_to_install('speech')}"
            )

    @asynccontextmanager
    async def encoder(
        self,
        speech_format: SpeechFormat,
        *,
        speed: float = 1.0,
        whole: bool = False,
        account_id: int | None = None,
    ) -> "AsyncGenerator[FileEncoder]":
        """Return the encoder of one file.

        Raises:
            ConcurrencyLimitError: half of the files that may be in the making are the account's.
            EngineBusyError: too many files are in the making.
        """
        encoder = FileEncoder(
            self._worker,
            next(self._numbers),
            {"format": speech_format, "speed": speed, "whole": whole},
        )
        if len(self._files) >= self._most_files:
            raise EngineBusyError("Too many audio files are being encoded. Please try again later.")
        most = max(1, self._most_files // 2)
        if account_id is not None and list(self._files.values()).count(account_id) >= most:
            raise ConcurrencyLimitError(
                f"The account has {most} texts that are read aloud, the most that it may. Try again when "
                "some of them have ended."
            )
        self._files[encoder.number] = account_id
        try:
            yield encoder
        finally:
            self._files.pop(encoder.number, None)
            await uncancelled(encoder.drop())


class FileEncoder:
    """A `SoundEncoder` of one file in the child."""

    def __init__(self, worker: QueuedWorker, number: int, options: Mapping[str, object]) -> None:
        self._worker = worker
        self.number = number
        self._options = options
        self._rate = 0
        self._pid: int | None = None
        self._done = False

    async def encode(self, piece: SpokenPiece) -> bytes:
        """Return the bytes of the file that a further piece completes.

        Raises:
            EngineError: it cannot be encoded, or its rate is not that of the pieces before it.
        """
        if not self._rate:
            await self._begin(piece.rate)
        if piece.rate != self._rate or len(piece.pcm) % 2:
            raise EngineError
        parts = [
            await self._ask("add", piece.pcm[start : start + _SLICE_BYTES])
            for start in range(0, len(piece.pcm), _SLICE_BYTES)
        ]
        return b"".join(parts)

    async def finish(self) -> bytes:
        """Return the rest of the file.

        Raises:
            EngineError: it cannot be encoded.
        """
        if not self._rate:
            await self._begin(_SLOWEST_RATE)
        rest = await self._ask("finish")
        self._done = True
        return rest

    async def drop(self) -> None:
        """Have the child drop a file that is unfinished, or may have been started."""
        pid = self._worker.pid
        if self._rate and not self._done and pid is not None and self._pid in (None, pid):
            try:
                await self._ask("drop")
            except EngineError:
                return  # the child's files end with the child

    async def _begin(self, rate: int) -> None:
        if not _SLOWEST_RATE <= rate <= _FASTEST_RATE:
            raise EngineError("The model's engine sent audio with an unsupported sample rate.")
        self._rate = rate
        await self._ask("begin", options={**self._options, "rate": rate})
        self._pid = self._worker.pid

    async def _ask(
        self, step: str, pcm: bytes = b"", options: Mapping[str, object] | None = None
    ) -> bytes:
        request = {"file": self.number, "step": step, **(options or {})}
        response = await self._worker.ask(request, pcm)
        if "fault" in response.fields:
            raise EngineUnavailableError("The audio encoder was restarted.")
        return response.payload
