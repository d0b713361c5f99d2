"""The image codec: hands files to the child processes that read and write them."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fondaco.domain.errors import (
    CorruptedImageError,
    EngineError,
    EngineUnavailableError,
    FileNotWrittenError,
)
from fondaco.domain.extras import how_to_install
from fondaco.domain.media.image_file import Header
from fondaco.domain.media.picture import (
    RGB,
    RGBA,
    Encoding,
    Picture,
    PictureFile,
    Pixels,
    Protected,
    SafeFile,
)
from fondaco.domain.untrusted_numbers import whole
from fondaco.imaging.child import MEMORY_LIMIT_BYTES
from fondaco.workers.worker import Program, Worker

_CHILD = "fondaco.imaging.child"
_START_TIMEOUT_S = 30.0
_ANSWER_TIMEOUT_S = 30.0
CLASSIFIER_FILE = "open-nsfw.onnx"
"""The classifier's name in the models folder."""
ADULT_THRESHOLD = 0.8


@cache
def _installed() -> bool:
    return find_spec("PIL") is not None


class PillowCodec:
    """An `ImageCodec` in two child processes, which start at their first picture and take one at a time.

    One reads callers' files, the other one writes, so that slow reads delay no writes.
    """

    def __init__(
        self,
        installed: Callable[[], bool] = _installed,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
        *,
        models_folder: Path = Path(),
        adult_threshold: float = ADULT_THRESHOLD,
    ) -> None:
        """Prepare.

        Args:
            installed: whether Pillow is here.
            memory_limit_bytes: of each child, counted in addresses.
            models_folder: where the classifier of safe mode is looked for.
            adult_threshold: the score from which a picture counts as adult, 0 to 1.
        """
        self._installed = installed
        launch = {
            "memory_limit_bytes": memory_limit_bytes,
            "classifier": str(models_folder / CLASSIFIER_FILE),
            "adult_threshold": adult_threshold,
        }
        program = Program(
            _CHILD,
            launch,
            start_timeout_s=_START_TIMEOUT_S,
            answer_timeout_s=_ANSWER_TIMEOUT_S,
        )
        self._reader = Worker(program, engine="images", model="reader")
        self._writer = Worker(program, engine="images", model="writer")

    @property
    def reader_pid(self) -> int | None:
        """The process id of the child that reads, where one runs."""
        return self._reader.pid

    @property
    def writer_pid(self) -> int | None:
        """The process id of the child that writes, where one runs."""
        return self._writer.pid

    def expect_installed(self) -> None:
        """Return if Pillow is here.

        Raises:
            EngineUnavailableError: it is not.
        """
        if not self._installed():
            raise EngineUnavailableError(
                f"The packages for images are not installed. {how_to_install('images')}"
            )

    async def decode(self, file: bytes, header: Header, most_pixels: int) -> Pixels:
        """Return the picture in a caller's file.

        Raises:
            CorruptedImageError: it is damaged, or not what its header says.
            EngineError: the child failed over it.
        """
        request = {
            "format": header.format,
            "width": header.width,
            "height": header.height,
            "within": most_pixels,
        }
        fields, data = await self._reader.ask(request, file)
        if "fault" in fields:
            raise CorruptedImageError
        width, height = whole(fields.get("width")), whole(fields.get("height"))
        channels = fields.get("channels")
        if not width or not height or channels not in (RGB, RGBA):
            raise EngineError
        if width * height > most_pixels or len(data) != width * height * channels:
            raise EngineError
        return Pixels(width, height, data, channels)

    async def encode(
        self,
        picture: Picture,
        width: int,
        height: int,
        encoding: Encoding,
        protected: Protected | None = None,
    ) -> bytes:
        """Return a picture as a new file of this size, with what is protected as it was.

        Raises:
            EngineError: the picture cannot be used, or is a file that the child failed over.
            FileNotWrittenError: the child ended, does not start, or failed over pixels.
        """
        request = _request(picture, width, height, encoding)
        payload = picture.data
        if protected is not None:
            before, mask = protected.picture, protected.mask
            request["protected"] = {
                "picture": (before.width, before.height, before.channels),
                "mask": (mask.width, mask.height, mask.channels),
                "bytes": len(payload),
            }
            payload = b"".join((payload, before.data, mask.data))
        _, file = await self._written(request, payload)
        return file

    async def encode_safely(
        self, picture: Picture, width: int, height: int, encoding: Encoding
    ) -> SafeFile:
        """Return a picture as `encode` does, blurred where it is adult.

        Raises:
            EngineError, FileNotWrittenError: as `encode`; or the classifier is here, and cannot be used.
        """
        request = {**_request(picture, width, height, encoding), "safe_mode": True}
        fields, file = await self._written(request, picture.data)
        blurred = fields.get("blurred")
        return SafeFile(file, blurred if isinstance(blurred, bool) else None)

    async def _written(
        self, request: Mapping[str, object], payload: bytes
    ) -> tuple[Mapping[str, object], bytes]:
        try:
            fields, file = await self._writer.ask(request, payload)
        except EngineError as error:
            # An uploaded file may be the cause of the error; raw pixels never are.
            if request["pixels"] is None and not isinstance(error, EngineUnavailableError):
                raise
            raise FileNotWrittenError from error
        if "fault" in fields or not file:
            raise EngineError(
                "The model's engine sent an image that is damaged, or not of "
                f"{request['width']} x {request['height']} pixels."
            )
        return fields, file

    async def aclose(self) -> None:
        """End the children."""
        await self._reader.aclose()
        await self._writer.aclose()


def _request(picture: Picture, width: int, height: int, encoding: Encoding) -> dict[str, object]:
    pixels = None
    match picture:
        case Pixels():
            pixels = (picture.width, picture.height, picture.channels)
        case PictureFile():
            pass
    return {
        "pixels": pixels,
        "width": width,
        "height": height,
        "format": encoding.format,
        "quality": encoding.quality,
        "exif": encoding.exif,
        "parameters": encoding.parameters,
        "safe_mode": False,
    }
