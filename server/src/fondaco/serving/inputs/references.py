"""Source videos of requests, checked by their first bytes.

Source: POST /video/queue, `video_url`.
"""

from typing import Final

from fondaco.domain.media.video import MediaSource, is_video_file
from fondaco.ports import Files
from fondaco.serving.inputs.media_files import MediaFiles, refused

MOST_REFERENCE_BYTES: Final = 32 * 2**20
_FILES: Final = MediaFiles(
    "MP4, MOV or WebM",
    frozenset(
        {
            *("video/mp4", "video/quicktime", "video/webm"),
            *("application/octet-stream", "binary/octet-stream"),
        }
    ),
    "data:video/mp4;base64,",
    MOST_REFERENCE_BYTES,
)


async def reference(source: MediaSource, files: Files | None) -> bytes:
    """Return the file of a source video; the engine checks whether it can be decoded.

    Args:
        source: what the caller sent.
        files: fetches addresses; without it, only data URLs are accepted.

    Raises:
        InvalidRequestError: it is neither MP4, MOV nor WebM, or cannot be fetched.
        InvalidFileSizeError: it is too large.
    """
    file = await _FILES.read(source, files)
    if not is_video_file(file):
        raise refused(source.field_path, "It is neither MP4, MOV nor WebM.")
    return file
