"""The child process that encodes audio; `codec` starts it and sends requests over its pipes."""

import sys
from collections.abc import Mapping
from threading import Event
from typing import TYPE_CHECKING, Any

from fondaco.domain.media.speech import SpeechFormat
from fondaco.workers.child import Advance, WorkerResponse, serve_long

if TYPE_CHECKING:
    from fondaco.sound.files import SoundFile
    from fondaco.sound.tempo import Tempo

MEMORY_LIMIT_BYTES = 4 * 2**30
"""Of addresses: what all files in the making take together, mostly the stacks of idle threads."""


def load(launch: Mapping[str, Any]) -> "Encoders":
    """Load PyAV, and limit the memory."""
    # A missing package is reported, not a crash.
    from fondaco.sound import files, tempo  # noqa: F401, PLC0415

    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - it exists on POSIX only

        limit = launch["memory_limit_bytes"]
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return Encoders()


class Encoders:
    """The files in the making, by the numbers that the parent gives them."""

    cancellable = True  # requests take milliseconds, so each one is finished

    def __init__(self) -> None:
        self._files: dict[int, tuple[Tempo, SoundFile]] = {}

    def cancel(self) -> None:
        """Do nothing: the request in hand ends soon."""

    def handle(
        self, request: Mapping[str, Any], advance: Advance, cancelled: Event
    ) -> WorkerResponse:
        """Begin a file, add to it, finish or drop it."""
        number: int = request["file"]
        match request["step"]:
            case "begin":
                self._files[number] = _begun(request)
            case "drop":
                self._files.pop(number, None)
            case "add" if number in self._files:
                tempo, file = self._files[number]
                return {}, file.add(tempo.take(request.get("payload", b"")))
            case "finish" if number in self._files:
                tempo, file = self._files.pop(number)
                return {}, file.add(tempo.finish()) + file.finish()
            case _:
                return {"fault": "lost"}, b""
        return {}, b""


def _begun(request: Mapping[str, Any]) -> "tuple[Tempo, SoundFile]":
    from fondaco.sound.files import sound_file  # noqa: PLC0415 - loaded already
    from fondaco.sound.tempo import Tempo  # noqa: PLC0415 - likewise

    file = sound_file(SpeechFormat(request["format"]), whole=request["whole"])
    return Tempo(request["rate"], request["speed"]), file


if __name__ == "__main__":
    serve_long(load)
