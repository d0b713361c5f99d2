"""The body of a response with images, in the words of OpenAI's API."""

from base64 import b64encode
from collections.abc import Sequence

from anyio import to_thread


async def image_list(created: int, files: Sequence[bytes], url_type: str) -> bytes:
    """Return the body, written on a thread: a file may have megabytes.

    Args:
        created: Unix seconds.
        files: the images.
        url_type: the media type of data URLs; empty: plain base64.
    """
    return await to_thread.run_sync(_image_list, created, files, url_type)


def _image_list(created: int, files: Sequence[bytes], url_type: str) -> bytes:
    head = b'{"url":"data:%b;base64,' % url_type.encode() if url_type else b'{"b64_json":"'
    parts = [b'{"created":%d,"data":[' % created]
    for number, file in enumerate(files):
        parts += [b"," if number else b"", head, b64encode(file), b'"}']
    parts.append(b"]}")
    return b"".join(parts)  # a single join: four pictures can take 200 MB
