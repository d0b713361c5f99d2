"""Soundtracks of requests: fetched or decoded from base64, and looked at as far as their first bytes tell.

Source: POST /video/queue, `audio_url`.
"""

import struct
from base64 import b64decode
from typing import Final

from anyio import to_thread

from fondaco.domain.errors import InvalidFileSizeError, InvalidRequestError
from fondaco.domain.media.video import MediaSource
from fondaco.domain.web import MediaTypeError, PageError
from fondaco.ports import Files
from fondaco.serving.inputs.images import base64_of, is_data_url

MOST_SOUND_BYTES: Final = 15 * 2**20
MOST_SECONDS: Final = 30.0
_MEDIA_TYPES: Final = frozenset(
    {
        *("audio/mpeg", "audio/mp3", "audio/mpeg3", "audio/x-mpeg"),
        *("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"),
        *("application/octet-stream", "binary/octet-stream"),
    }
)
_MP3_SYNC: Final = 0xFFE0


async def soundtrack(source: MediaSource, files: Files | None) -> bytes:
    """Return the file of a soundtrack; that it can be decoded is found out later, in a child process.

    Args:
        source: what the caller sent.
        files: fetches addresses; without it, only data URLs are taken.

    Raises:
        InvalidRequestError: it is neither WAV nor MP3, too long, or cannot be fetched.
        InvalidFileSizeError: it is too large.
    """
    path = source.field_path
    file = await (_enclosed(source) if is_data_url(source.url) else _fetched(source, files))
    if len(file) > MOST_SOUND_BYTES:
        raise InvalidFileSizeError(
            f"{path}: the file has {len(file):,} bytes; at most {MOST_SOUND_BYTES:,} are taken."
        )
    if file[:4] == b"RIFF" and file[8:12] == b"WAVE":
        seconds = _wav_seconds(file)
        if seconds is not None and seconds > MOST_SECONDS:
            raise _refused(path, f"It lasts {seconds:.1f} s; at most {MOST_SECONDS:g} are taken.")
    elif not _is_mp3(file):
        raise _refused(path, "It is neither WAV nor MP3.")
    return file


async def _enclosed(source: MediaSource) -> bytes:
    head, comma, content = source.url.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        raise _refused(source.field_path, "It has to begin like this: data:audio/mpeg;base64,")
    raw = base64_of(content)
    if raw is None:
        raise _refused(source.field_path, "Its content is no base64: no spaces, padded.")
    return await to_thread.run_sync(b64decode, raw)


async def _fetched(source: MediaSource, files: Files | None) -> bytes:
    if not source.url[:8].lower().startswith(("http://", "https://")):
        raise _refused(source.field_path, "It is neither an address nor a data URL.")
    if files is None:
        what = "Fetching is switched off on this server. Send a data URL."
        raise _refused(source.field_path, what)
    try:
        return await files.fetch(source.url, _MEDIA_TYPES)
    except MediaTypeError as error:
        raise _refused(source.field_path, "Its server does not call it WAV or MP3.") from error
    except PageError as error:
        raise _refused(source.field_path, f"{error.code}: {error}") from error


def _wav_seconds(file: bytes) -> float | None:
    """Return how long a WAV file lasts by the bytes that it has, not by what it says; None: unknown."""
    at = file.find(b"fmt ", 12, 4096)
    if at < 0 or len(file) < at + 20:
        return None
    (bytes_a_second,) = struct.unpack_from("<I", file, at + 16)
    return len(file) / bytes_a_second if bytes_a_second else None


def _is_mp3(file: bytes) -> bool:
    if file[:3] == b"ID3":
        return True
    return int.from_bytes(file[:2], "big") & _MP3_SYNC == _MP3_SYNC


def _refused(field_path: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(f"{field_path} cannot be used. {what}", faults={field_path: (what,)})
