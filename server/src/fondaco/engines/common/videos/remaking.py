"""Converts the files of remote engines to MP4, in a child process that ends with each of them."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from math import ceil

import anyio

from fondaco.domain.errors import EngineError, EngineUnavailableError
from fondaco.domain.extras import how_to_install
from fondaco.domain.media.mp4_file import UnreadableVideoError, video_header
from fondaco.ports import GeneratedVideo
from fondaco.workers.worker import Program, Worker

_LIBRARIES = ("av", "numpy", "PIL")
_MEMORY_BYTES = 1024 * 2**20
_SILENCE_S = 60.0
"""Between two reports of progress, which come every few frames."""
_MISSING_S = 0.25
"""So much of a video may be missing at its end: engines round the number of its frames."""
PROGRAM = Program(
    "fondaco.engines.common.videos.child",
    {"memory_bytes": _MEMORY_BYTES},
    answer_timeout_s=_SILENCE_S,
)


@dataclass(frozen=True, slots=True)
class WantedVideo:
    """A video to be made from an engine's files."""

    width: int
    """Even, as is the height."""
    height: int
    seconds: int
    fps: int
    """Frames a second, of what was sent and of what is made."""


def expect_libraries() -> None:
    """Return if such files can be made here.

    Raises:
        EngineUnavailableError: a library is missing.
    """
    if not all(find_spec(name) for name in _LIBRARIES):
        raise EngineUnavailableError(
            f"The libraries that encode videos are not installed. {how_to_install('video')}"
        )


async def remade(
    file: bytes,
    wanted: WantedVideo,
    advanced: Callable[[int, int], None],
    *,
    engine: str,
    model: str,
    program: Program = PROGRAM,
) -> GeneratedVideo:
    """Return an engine's video as an MP4 file of exactly the requested size and length.

    Args:
        file: an AVI file of JPEG pictures, up to 63 pixels larger and up to a quarter of a second shorter.
        wanted: the video.
        advanced: called with the number of completed frames, and of all frames.
        engine: names the engine in the log.
        model: likewise.
        program: of the child process.

    Raises:
        EngineError: the file cannot be converted.
        EngineUnavailableError: the child does not start, or ended over the file.
        EngineTimeoutError: it took too long.
    """
    count = wanted.seconds * wanted.fps
    request = {
        "width": wanted.width,
        "height": wanted.height,
        "fps": wanted.fps,
        "count": count,
        "least": max(1, ceil(count - _MISSING_S * wanted.fps)),
    }
    worker = Worker(program, engine=engine, model=model)
    try:
        fields, made = await worker.ask(request, file, advanced)
    finally:
        with anyio.CancelScope(shield=True):
            await worker.aclose()
    if refused := fields.get("refused"):
        raise EngineError(f"The model's engine sent a video that cannot be used. {refused}")
    try:
        header = video_header(made)
    except UnreadableVideoError as error:
        raise EngineError from error
    return GeneratedVideo(made, header.seconds, header.width, header.height)
