"""The reader of recordings: hands files to the child process that decodes them."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

from fondaco.domain.errors import (
    AudioTooLongError,
    CorruptedAudioError,
    EngineError,
    EngineUnavailableError,
    InvalidAudioFormatError,
)
from fondaco.domain.extras import how_to_install
from fondaco.domain.media.sound import SAMPLE_BYTES, SAMPLE_RATE, Sound
from fondaco.sound.reading_child import CPU_LIMIT_S, MEMORY_LIMIT_BYTES
from fondaco.workers.worker import Program, Worker

_CHILD = "fondaco.sound.reading_child"
_START_TIMEOUT_S = 30.0
_ANSWER_TIMEOUT_S = 120.0
FORMATS = "flac, mp3, mp4, mpeg, mpga, m4a, aac, ogg, opus, wav, aiff and webm"


@cache
def _installed() -> bool:
    return find_spec("av") is not None


class PyAVReader:
    """A `SoundReader` in a child process, which starts at its first file and takes one at a time."""

    def __init__(
        self,
        installed: Callable[[], bool] = _installed,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
        cpu_limit_s: int = CPU_LIMIT_S,
    ) -> None:
        """Prepare.

        Args:
            installed: whether PyAV is here.
            memory_limit_bytes: of the child, counted in addresses.
            cpu_limit_s: of the child, for one file.
        """
        self._installed = installed
        launch = {"memory_limit_bytes": memory_limit_bytes, "cpu_limit_s": cpu_limit_s}
        program = Program(
            _CHILD,
            launch,
            start_timeout_s=_START_TIMEOUT_S,
            answer_timeout_s=_ANSWER_TIMEOUT_S,
        )
        self._worker = Worker(program, engine="sound", model="reader")

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return self._worker.pid

    def expect_installed(self) -> None:
        """Return if PyAV is here.

        Raises:
            EngineUnavailableError: it is not.
        """
        if not self._installed():
            raise EngineUnavailableError(
                "The packages for transcription are not installed. "
                f"{how_to_install('transcription')}"
            )

    async def decode(self, file: bytes, most_s: float) -> Sound:
        """Return the sound of a caller's file.

        Raises:
            InvalidAudioFormatError: it is of no format that is read here, or has no sound.
            CorruptedAudioError: it is damaged.
            AudioTooLongError: it is longer than `most_s` seconds, or has too many samples.
            EngineError: the child failed over it.
        """
        fields, samples = await self._worker.ask({"most_s": most_s}, file)
        match fields.get("fault"):
            case None:
                pass
            case "format":
                raise InvalidAudioFormatError(
                    f"The file has no sound in a supported format: {FORMATS}."
                )
            case "long":
                raise AudioTooLongError(
                    f"The recording is longer than {most_s:,.0f} seconds. Send it in parts."
                )
            case "dense":
                raise AudioTooLongError(
                    "The recording has too many samples. Send fewer channels, or fewer samples a second."
                )
            case _:
                raise CorruptedAudioError
        if not samples or len(samples) % SAMPLE_BYTES:
            raise EngineError
        if len(samples) > most_s * SAMPLE_RATE * SAMPLE_BYTES:
            raise EngineError
        return Sound(samples)

    async def aclose(self) -> None:
        """End the child."""
        await self._worker.aclose()
