"""Videos: a caller's parameters, and the one video that an engine makes from them.

Source: POST /video/queue, `QueueVideoRequest`.
"""

from dataclasses import dataclass, field
from typing import Final

from fondaco.domain.media.picture import Pixels
from fondaco.domain.media.picture_source import PictureSource

LONGEST_PROMPT: Final = 2_500
"""The most characters of a prompt, and of a negative prompt."""
DEFAULT_NEGATIVE_PROMPT: Final = "low resolution, error, worst quality, low quality, defects"
SHORT_SIDES: Final = {"480p": 480, "720p": 720, "1080p": 1_080}
"""Resolution -> the shorter side of a video in pixels."""
DEFAULT_RESOLUTION: Final = "720p"
_EBML: Final = b"\x1aE\xdf\xa3"


@dataclass(frozen=True, slots=True)
class MediaSource:
    """A sound or a video as its caller sent it: nothing in it is believed."""

    url: str = field(repr=False)
    """A data URL, or an `http` address."""
    field_path: str
    """The request's field, for errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRequest:
    """A request for a video; None means the model's own default."""

    model: str
    """Any name that routes to a video model."""
    prompt: str
    seconds: int
    """Duration in seconds."""
    negative_prompt: str = DEFAULT_NEGATIVE_PROMPT
    """Content that it must not show."""
    aspect_ratio: str | None = None
    """Width to height, such as `16:9`."""
    resolution: str = DEFAULT_RESOLUTION
    """One of `SHORT_SIDES`."""
    audio: bool | None = None
    """Whether it has sound."""
    picture: PictureSource | None = None
    """The picture that it begins with."""
    soundtrack: MediaSource | None = None
    """Its music, WAV or MP3 of at most 30 seconds."""
    reference: MediaSource | None = None
    """The source video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTask:
    """One video, with all that its engine needs to know, within the model's limits."""

    model: str
    """The catalogue's id of the model."""
    prompt: str
    negative_prompt: str = ""
    """Content that the video must not show; empty: not given."""
    seconds: int
    """Exact duration in seconds."""
    width: int
    height: int
    """In pixels, both even."""
    audio: bool = False
    """Whether it has sound: the soundtrack, else what the engine makes up."""
    picture: Pixels | None = None
    """The picture that it begins with, RGB, of any size; None: the prompt alone counts."""
    soundtrack: bytes | None = field(default=None, repr=False)
    """A caller's WAV or MP3 file of at most 15 MB: nothing in it is believed."""
    reference: bytes | None = field(default=None, repr=False)
    """A caller's source video, checked only for the first bytes of a video file."""
    seed: int = 0
    """The same seed gives the same video."""


def is_video_file(file: bytes) -> bool:
    r"""Whether a file begins as MP4, MOV or WebM.

    >>> is_video_file(b"\0\0\0\x18ftypmp42"), is_video_file(b"RIFF....AVI ")
    (True, False)
    """
    return file[4:8] == b"ftyp" or file.startswith(_EBML)


def video_size(aspect_ratio: str, resolution: str) -> tuple[int, int]:
    """Return width and height of a video, both even.

    Args:
        aspect_ratio: width to height, such as `16:9`.
        resolution: one of `SHORT_SIDES`.

    >>> video_size("16:9", "720p"), video_size("9:16", "1080p"), video_size("16:9", "480p"), video_size("1:1", "480p")
    ((1280, 720), (1080, 1920), (854, 480), (480, 480))
    """
    across, down = _sides(aspect_ratio)
    short = SHORT_SIDES[resolution]
    long = 2 * round(short * max(across, down) / min(across, down) / 2)
    return (long, short) if across >= down else (short, long)


def nearest_ratio(width: int, height: int, aspect_ratios: tuple[str, ...]) -> str:
    """Return the one of these ratios of which a picture loses least.

    >>> nearest_ratio(1000, 900, ("16:9", "1:1", "9:16")), nearest_ratio(600, 1000, ("16:9", "1:1", "9:16"))
    ('1:1', '9:16')
    """

    def lost(aspect_ratio: str) -> float:
        across, down = _sides(aspect_ratio)
        relation = width * down / (height * across)
        return max(relation, 1 / relation)

    return min(aspect_ratios, key=lost)


def _sides(aspect_ratio: str) -> tuple[int, int]:
    across, _, down = aspect_ratio.partition(":")
    return int(across), int(down)
