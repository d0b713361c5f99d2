"""Fetching of images that callers name by an address."""

from fondaco.domain.errors import (
    ImageNotFetchedError,
    InvalidFileSizeError,
    InvalidImageFormatError,
)
from fondaco.domain.media.image_file import Format
from fondaco.domain.web import MediaTypeError, PageError, TooLargeError
from fondaco.ports import Files

_MEDIA_TYPES = frozenset({*Format, "image/jpg", "application/octet-stream", "binary/octet-stream"})
"""Media types accepted from the server of an image; the format is detected from its content."""


async def fetched(
    files: Files | None, url: str, field_path: str, *, as_upload: bool = False
) -> bytes:
    """Return the file of an image at an address.

    Args:
        files: what fetches it.
        url: the address.
        field_path: where the request names it.
        as_upload: whether the request may have the file itself, and its size is refused in the same way.

    Raises:
        InvalidFileSizeError: it is too large, `as_upload`.
        ImageNotFetchedError: it cannot be fetched, or must not be.
        InvalidImageFormatError: its server says that it is something else.
    """
    try:
        return await opened(files, field_path).fetch(url, _MEDIA_TYPES)
    except MediaTypeError as error:
        what = "Its server does not declare it as PNG, JPEG, WEBP or GIF."
        message = f"An image cannot be used. {what}"
        raise InvalidImageFormatError(message, faults={field_path: (what,)}) from error
    except PageError as error:
        if as_upload and isinstance(error, TooLargeError):
            raise too_large(error, field_path) from error
        what = f"{error.code}: {error}"
        message = f"An image could not be fetched. {error}"
        raise ImageNotFetchedError(message, faults={field_path: (what,)}) from error


def too_large(error: TooLargeError, field_path: str) -> InvalidFileSizeError:
    """Return the error of a file at an address that is larger than what is fetched."""
    return InvalidFileSizeError(
        f"{field_path}: the file at this URL is too large. {error} Send a smaller one."
    )


def opened(files: Files | None, field_path: str) -> Files:
    """Return the file fetcher.

    Raises:
        ImageNotFetchedError: the operator has switched it off.
    """
    if files is None:
        what = "Fetching URLs is disabled on this server. Send a data URL."
        raise ImageNotFetchedError(what, faults={field_path: (what,)})
    return files
