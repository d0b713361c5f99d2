"""Soundtracks of requests: looked at as far as their first bytes tell.

Source: POST /video/queue, `audio_url`.
"""

import struct
from typing import Final

from fondaco.domain.errors import InvalidAudioFormatError
from fondaco.domain.media.video import MediaSource
from fondaco.ports import Files
from fondaco.serving.admission.memory_budget import MemoryShare
from fondaco.serving.inputs.media_files import MediaFiles, refused
from fondaco.serving.inputs.sounds import Sounds

MOST_SOUND_BYTES: Final = 15 * 2**20
MOST_SECONDS: Final = 30.0
_FILES: Final = MediaFiles(
    "WAV or MP3",
    frozenset(
        {
            *("audio/mpeg", "audio/mp3", "audio/mpeg3", "audio/x-mpeg"),
            *("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"),
            *("application/octet-stream", "binary/octet-stream"),
        }
    ),
    "data:audio/mpeg;base64,",
    MOST_SOUND_BYTES,
)
_MP3_SYNC: Final = 0xFFE0


async def soundtrack(source: MediaSource, files: Files | None) -> bytes:
    """Return the file of a soundtrack; that it can be decoded is found out later, in a child process.

    Args:
        source: what the caller sent.
        files: fetches addresses; without it, only data URLs are accepted.

    Raises:
        InvalidRequestError: it is neither WAV nor MP3, too long, or cannot be fetched.
        InvalidFileSizeError: it is too large.
    """
    path, file = source.field_path, await _FILES.read(source, files)
    if file[:4] == b"RIFF" and file[8:12] == b"WAVE":
        seconds = _wav_seconds(file)
        if seconds is not None and seconds > MOST_SECONDS:
            raise refused(path, f"It lasts {seconds:.1f} s; at most {MOST_SECONDS:g} are accepted.")
    elif not _is_mp3(file):
        raise refused(path, "It is neither WAV nor MP3.")
    return file


async def expect_decodable(
    file: bytes, sounds: Sounds, memory: MemoryShare, field_path: str
) -> None:
    """Decode a soundtrack, to see that it can be.

    Raises:
        InvalidAudioFormatError, CorruptedAudioError, AudioTooLongError: it cannot.
        EngineError: the process that reads files is unavailable.
        ConcurrencyLimitError, EngineBusyError: there is no memory for it.
    """
    try:
        await sounds.decoded(file, MOST_SECONDS, memory, field_path)
    except InvalidAudioFormatError as error:  # its message lists all audio formats
        what = "It has no sound that can be decoded as WAV or MP3."
        raise InvalidAudioFormatError(
            f"{field_path} cannot be used. {what}", faults={field_path: (what,)}
        ) from error


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
