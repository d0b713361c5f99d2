"""Images: generated files, as the API's own endpoint and as OpenAI's return them.

Source: POST /image/generate, /image/upscale, /image/edit, /images/generations, GET /image/styles.
"""

import base64
import os
from pathlib import Path
from typing import IO, Annotated, Any, Literal, Protocol, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer

from venice_ai.types._wire import Reply, Wire

__all__ = [
    "GeneratedImages",
    "ImageFile",
    "ImageFormat",
    "ImageItem",
    "ImageList",
    "ImageSize",
    "ImageStyles",
    "ImageTiming",
    "PictureSource",
]

ImageFormat: TypeAlias = Literal["jpeg", "png", "webp"]
ImageSize: TypeAlias = Literal[
    "auto",
    "256x256",
    "512x512",
    "1024x1024",
    "1536x1024",
    "1024x1536",
    "1792x1024",
    "1024x1792",
]


class SavesItself(Protocol):
    """A picture of Pillow's, or any like it."""

    def save(self, out: IO[bytes], file_format: str, /) -> None:
        """Write it as a file of this format, such as `PNG`."""
        ...


PictureSource: TypeAlias = bytes | str | os.PathLike[str] | SavesItself
"""A picture to change: the bytes of a file, a path (not as text), a picture of Pillow's, or as text an
`http` address, a data URL or base64."""


def _decoded(file: object) -> object:
    return base64.b64decode(file, validate=True) if isinstance(file, str) else file


def _encoded(file: bytes) -> str:
    return base64.b64encode(file).decode()


File: TypeAlias = Annotated[
    bytes, BeforeValidator(_decoded), PlainSerializer(_encoded, when_used="json")
]
"""An image file, which travels as base64."""


class ImageTiming(Wire):
    """Time that the phases of a request took, in milliseconds."""

    inferenceDuration: float  # noqa: N815 - the API's names, as all below
    inferencePreprocessingTime: float  # noqa: N815
    inferenceQueueTime: float  # noqa: N815
    total: float


class GeneratedImages(Reply):
    """The variants of an image."""

    id: str
    images: list[File] = Field(repr=False)
    """The files."""
    request: dict[str, Any] | None = None
    """The request, as it was sent."""
    timing: ImageTiming

    def save(self, path: str | Path) -> list[Path]:
        """Write the files, and return where they are.

        Args:
            path: Of the file. Of several variants, a number goes before its suffix: `heron-1.webp`.
        """
        return _saved(self.images, Path(path))


class ImageFile(Reply):
    """An image whose file is the reply itself."""

    content: bytes = Field(repr=False)
    """The file."""
    media_type: str
    """Such as `image/png`."""

    def save(self, path: str | Path) -> Path:
        """Write the file, and return where it is."""
        Path(path).write_bytes(self.content)
        return Path(path)


class ImageItem(Wire):
    """An image as base64, or as a data URL."""

    b64_json: str | None = Field(None, repr=False)
    url: str | None = Field(None, repr=False)

    @property
    def file(self) -> bytes:
        """The image file, whatever its encoding in the reply."""
        text = self.b64_json if self.b64_json is not None else (self.url or "").partition(",")[2]
        return base64.b64decode(text, validate=True)


class ImageList(Reply):
    """Images in the shape of OpenAI's API."""

    created: int
    """Unix seconds."""
    data: list[ImageItem]

    def save(self, path: str | Path) -> list[Path]:
        """Write the files, and return where they are; as `GeneratedImages.save`."""
        return _saved([item.file for item in self.data], Path(path))


class ImageStyles(Reply):
    """The names of all styles."""

    data: list[str]
    object: Literal["list"] = "list"


def _saved(files: list[bytes], path: Path) -> list[Path]:
    paths = [path]
    if len(files) != 1:
        paths = [path.with_stem(f"{path.stem}-{number}") for number in range(1, len(files) + 1)]
    for one, file in zip(paths, files, strict=True):
        one.write_bytes(file)
    return paths
