"""The image codec: hands pictures to the child process that writes them as files."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

from fondaco.domain.errors import EngineError, EngineUnavailableError
from fondaco.domain.extras import how_to_install
from fondaco.domain.media.picture import Encoding, Picture, PictureFile, Pixels
from fondaco.imaging.child import MEMORY_LIMIT_BYTES
from fondaco.workers.worker import Program, Worker

_CHILD = "fondaco.imaging.child"
_START_TIMEOUT_S = 30.0
_ANSWER_TIMEOUT_S = 30.0


@cache
def _installed() -> bool:
    return find_spec("PIL") is not None


class PillowCodec:
    """An `ImageCodec` in one child process, which starts at the first picture and takes one at a time."""

    def __init__(self, installed: Callable[[], bool] = _installed) -> None:
        self._installed = installed
        launch = {"memory_limit_bytes": MEMORY_LIMIT_BYTES}
        program = Program(
            _CHILD,
            launch,
            start_timeout_s=_START_TIMEOUT_S,
            answer_timeout_s=_ANSWER_TIMEOUT_S,
        )
        self._worker = Worker(program, engine="images", model="codec")

    @property
    def pid(self) -> int | None:
        """The process id of the child, where one runs."""
        return self._worker.pid

    def expect_installed(self) -> None:
        """Return if Pillow is here.

        Raises:
            EngineUnavailableError: it is not.
        """
        if not self._installed():
            raise EngineUnavailableError(
                f"The packages for images are not installed here. {how_to_install('images')}"
            )

    async def encode(self, picture: Picture, width: int, height: int, encoding: Encoding) -> bytes:
        """Return a picture as a new file of this size.

        Raises:
            EngineError: the picture cannot be used, or the child failed over it.
        """
        pixels = None
        match picture:
            case Pixels():
                pixels = (picture.width, picture.height, picture.channels)
            case PictureFile():
                pass
        request = {
            "pixels": pixels,
            "width": width,
            "height": height,
            "format": encoding.format,
            "quality": encoding.quality,
            "exif": encoding.exif,
            "parameters": encoding.parameters,
        }
        fields, file = await self._worker.ask(request, picture.data)
        if "fault" in fields or not file:
            raise EngineError(
                f"The model's engine sent a picture that is damaged, or not of {width} x {height} pixels."
            )
        return file

    async def aclose(self) -> None:
        """End the child."""
        await self._worker.aclose()
