"""Files that go into a chat: images, and JSON schemas."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from fondaco.cli.exits import FailedError

_MOST_IMAGE_BYTES = 30 * 2**20
_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
_WEBP_FROM, _WEBP_TO = 8, 12


def image_url(file: Path) -> str:
    """Return an image as a data URL.

    Raises:
        FailedError: the file cannot be read, or is no image that models are sent.
    """
    content = _content(file)
    if len(content) > _MOST_IMAGE_BYTES:
        raise FailedError(
            f"{file} is larger than {_MOST_IMAGE_BYTES // 2**20} MiB, the limit for an image."
        )
    if (media_type := _media_type(content)) is None:
        raise FailedError(f"{file} is not a PNG, JPEG, WebP or GIF image.")
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def json_schema(file: Path) -> Mapping[str, object]:
    """Return the JSON schema in a file.

    Raises:
        FailedError: the file cannot be read, or holds no JSON object.
    """
    try:
        schema = json.loads(_content(file))
    except ValueError as error:
        raise FailedError(f"{file} is not valid JSON: {error}.") from error
    if not isinstance(schema, dict):
        raise FailedError(f"{file} is not a JSON schema: expected a JSON object.")
    return schema


def _content(file: Path) -> bytes:
    try:
        return file.expanduser().read_bytes()
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FailedError(f"{file} cannot be read: {reason}.") from error


def _media_type(content: bytes) -> str | None:
    if content.startswith(b"RIFF") and content[_WEBP_FROM:_WEBP_TO] == b"WEBP":
        return "image/webp"
    return next((kind for begin, kind in _IMAGES if content.startswith(begin)), None)
