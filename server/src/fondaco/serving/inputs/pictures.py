"""Pictures of requests: fetched or decoded from base64, checked, and read into pixels.

Source: POST /image/edit, POST /image/upscale, `image`.
"""

from base64 import b64decode
from dataclasses import dataclass

from anyio import to_thread

from fondaco.domain.errors import CorruptedImageError, InvalidFileSizeError, InvalidImageFormatError
from fondaco.domain.media.image_file import Header
from fondaco.domain.media.picture import RGBA, UPLOAD_PIXELS, Pixels
from fondaco.domain.media.picture_source import PictureSource
from fondaco.ports import Files, ImageCodec
from fondaco.serving.admission.fair_turns import FairTurns
from fondaco.serving.admission.memory_budget import MemoryBudget, MemoryShare
from fondaco.serving.inputs.fetching import fetched
from fondaco.serving.inputs.images import (
    MOST_IMAGE_BYTES,
    ImageBounds,
    PlainFile,
    base64_of,
    corrupted,
    inspected,
    is_data_url,
)

_LARGE_CHARACTERS = 2**20
"""Longer base64 takes more than a millisecond to decode, on a thread."""


def picture_bounds(*, least_pixels: int = 65_536, most_pixels: int = UPLOAD_PIXELS) -> ImageBounds:
    """Return the bounds of a picture whose file is read into pixels here."""
    return ImageBounds(
        least_side=32,
        longest_side=65_535,
        least_pixels=least_pixels,
        most_pixels=most_pixels,
        alone=True,
    )


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that can be a picture, as far as its first and last bytes tell."""

    file: bytes
    header: Header
    field_path: str


class PictureReader:
    """Reads the pictures of requests, within a budget of memory."""

    def __init__(self, codec: ImageCodec, files: Files | None, memory: MemoryBudget) -> None:
        """Prepare; without `files`, nothing is fetched."""
        self._codec = codec
        self._files = files
        self._memory = memory
        self._turns = FairTurns()

    def memory(self, account_id: int) -> MemoryShare:
        """Return the memory that the pictures of one call of an account hold, to be released at its end."""
        return self._memory.share(account_id)

    async def upload(
        self, source: PictureSource, bounds: ImageBounds, *, urls: bool = False
    ) -> Upload:
        """Return the file of a picture, checked by its first and last bytes.

        Args:
            source: what the caller sent.
            bounds: the sizes that are accepted.
            urls: whether an `http` address is fetched.

        Raises:
            InvalidImageFormatError, CorruptedImageError, ImageNotFetchedError: it is not taken.
            InvalidFileSizeError: it was fetched, and is too large.
        """
        field_path = source.field_path
        match source.content:
            case bytes():
                file = source.content
            case str() as text if text[:8].lower().startswith(("http://", "https://")):
                file = await self._fetched(text, field_path, urls=urls)
            case str() as text:
                file = await _decoded(text, field_path)
        if not file:
            raise corrupted(field_path, "It is empty.")
        return Upload(file, inspected(PlainFile(file), field_path, bounds), field_path)

    async def pixels(self, upload: Upload, most_pixels: int, memory: MemoryShare) -> Pixels:
        """Return a picture upright and in sRGB, reduced to at most so many pixels.

        Files are read one at a time, in fair turns: one account's slow ones delay others by one each.

        Args:
            upload: the file.
            most_pixels: larger pictures are reduced to so many.
            memory: holds what the pixels occupy, too.

        Raises:
            CorruptedImageError: the file is damaged.
            EngineError: the process that reads files is unavailable.
            ConcurrencyLimitError, EngineBusyError: there is no memory for it.
        """
        header = upload.header
        memory.hold_more(RGBA * min(header.width * header.height, most_pixels))
        try:
            async with self._turns.taken(memory.account_id):
                return await self._codec.decode(upload.file, header, most_pixels)
        except CorruptedImageError as error:
            raise corrupted(upload.field_path, "It is damaged.") from error

    async def _fetched(self, url: str, field_path: str, *, urls: bool) -> bytes:
        if not urls:
            what = "Fetching URLs is disabled on this server. Send the file, or base64."
            raise InvalidImageFormatError(
                f"An image cannot be used. {what}", faults={field_path: (what,)}
            )
        body = await fetched(self._files, url, field_path, as_upload=True)
        if len(body) >= MOST_IMAGE_BYTES:
            raise InvalidFileSizeError(
                f"{field_path}: the image at this address has {len(body):,} bytes; fewer than "
                f"{MOST_IMAGE_BYTES:,} are accepted. Send the file itself."
            )
        return body


async def _decoded(text: str, field_path: str) -> bytes:
    """Return the file in base64 or in a data URL; line ends in it are skipped."""
    if is_data_url(text):
        head, comma, text = text.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise corrupted(field_path, "It must start with: data:image/png;base64,")
    if len(text) <= _LARGE_CHARACTERS:
        file = _file_in(text)
    else:
        file = await to_thread.run_sync(_file_in, text)
    if file is None:
        raise corrupted(
            field_path,
            "The text is not base64 (padded, without spaces), a data URL or an http address. File names are not "
            "read: send the content of the file.",
        )
    return file


def _file_in(text: str) -> bytes | None:
    raw = base64_of(text.replace("\r", "").replace("\n", ""))
    return None if raw is None else b64decode(raw)
