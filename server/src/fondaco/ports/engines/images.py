"""The ports of image engines, and of the codec of image files."""

from dataclasses import dataclass
from typing import Protocol

from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_file import Header
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.image_upscale import UpscaleTask
from fondaco.domain.media.picture import Encoding, Picture, Pixels, Protected, SafeFile


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """A picture as its engine returned it."""

    picture: Picture
    queued_s: float = 0.0
    """Time that it waited for its turn, as far as the engine reports."""
    understood: bool = True
    """False if the engine knows that it understood nothing of the prompt."""


class ImageEngine(Protocol):
    """Runs an image model.

    Every method raises only errors of `domain.errors`: `EngineError` and `FieldNotTakenError` where
    another engine may still serve the call, `InvalidRequestError` where the request itself is at fault.
    """

    @property
    def name(self) -> str:
        """The engine's name in the configuration; shown as `x-venice-model-router`."""
        ...

    async def generate(self, task: ImageTask) -> GeneratedImage:
        """Return one picture; cancelling stops the work.

        Raises:
            EngineError: the engine failed, or returned nothing that can be a picture.
        """
        ...

    async def probe(self) -> None:
        """Show that the engine can answer.

        Raises:
            EngineError: it cannot.
        """
        ...


class ImageEditor(Protocol):
    """Changes pictures by an instruction; raises as `ImageEngine` does."""

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        ...

    async def edit(self, task: EditTask) -> GeneratedImage:
        """Return the changed picture; cancelling stops the work.

        It has the task's width and height. Where these are the size of the task's picture, nobody asked
        for a size: the result has another one if the instruction says so, as "rotate it" or "crop it to a
        square" do.

        Raises:
            EditNotSupportedError: the engine cannot carry out the instruction; the message lists what
                it can do, or says what the picture lacks.
            EngineError: the engine failed, or returned nothing that can be a picture.
        """
        ...

    async def probe(self) -> None:
        """Show that the engine can answer.

        Raises:
            EngineError: it cannot.
        """
        ...


class ImageUpscaler(Protocol):
    """Enlarges pictures; raises as `ImageEngine` does."""

    @property
    def name(self) -> str:
        """The engine's name in the configuration."""
        ...

    async def upscale(self, task: UpscaleTask) -> GeneratedImage:
        """Return the enlarged picture; cancelling stops the work.

        Raises:
            EngineError: the engine failed, or returned nothing that can be a picture.
        """
        ...

    async def probe(self) -> None:
        """Show that the engine can answer.

        Raises:
            EngineError: it cannot.
        """
        ...


class ImageCodec(Protocol):
    """Reads and writes image files, away from this process: decoders are what hostile files attack."""

    def expect_installed(self) -> None:
        """Return if pictures can be read and written.

        Raises:
            EngineUnavailableError: a package is missing; the message names the command that installs it.
        """
        ...

    async def decode(self, file: bytes, header: Header, most_pixels: int) -> Pixels:
        """Return the first frame of a caller's file: upright, in sRGB, reduced to at most so many pixels.

        Nothing but its pixels is taken over. RGBA only where some of them are transparent.

        Args:
            file: of a format that `Header` knows.
            header: as it was read from the file, which must keep to it.
            most_pixels: of the result, in the ratio of the picture.

        Raises:
            CorruptedImageError: it is damaged, or not what its header says.
            EngineError: the process that reads files is unavailable.
        """
        ...

    async def encode(
        self,
        picture: Picture,
        width: int,
        height: int,
        encoding: Encoding,
        protected: Protected | None = None,
    ) -> bytes:
        """Return a picture as a new file of exactly `width` x `height` pixels.

        Nothing but its pixels is taken over from a file: no metadata, profile or second frame. What an
        engine made slightly larger, as it rounds sizes up, is cropped.

        Args:
            picture: as its engine returned it.
            width: of the file.
            height: likewise.
            encoding: of the file.
            protected: what of an edited picture is put back, whatever its engine did to it; scaled
                where the file has another size.

        Raises:
            EngineError: the picture is damaged, too large, or of another size.
            FileNotWrittenError: it is not written through no fault of its own.
        """
        ...

    async def encode_safely(
        self, picture: Picture, width: int, height: int, encoding: Encoding
    ) -> SafeFile:
        """Return a picture as `encode` does, blurred beyond recognition where it is adult.

        Raises:
            EngineError, FileNotWrittenError: as `encode`; or what judges pictures is installed, and fails.
        """
        ...
