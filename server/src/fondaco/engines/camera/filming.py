"""The camera's public face: a still, filmed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path as File

import numpy as np
from PIL import Image

from fondaco.engines.camera.depth import depth_of
from fondaco.engines.camera.frames import frames_of
from fondaco.engines.camera.path import LONGEST_PAN, Path, path_of
from fondaco.engines.camera.shot import Shot
from fondaco.engines.common.videos.encoder import encode_video
from fondaco.engines.common.videos.planes import Map, Planes, Rgb, planes_of
from fondaco.engines.common.videos.soundtrack import Soundtrack

FPS = 24
_OVERSAMPLING = 1.25
"""Pixels of the picture for one of a frame, where depth bends it: fewer would blur in the rhythm of a move."""
_TOLD_FRAMES = 4
"""Between reports of progress, at which the work can be ended, too."""


@dataclass(frozen=True, slots=True)
class Filming:
    """A video to be made."""

    shot: Shot
    width: int
    """Even, as is the height."""
    height: int
    seconds: int
    soundtrack: Soundtrack | None = None
    """As long as the video; None: it has no sound."""


def filmed(
    still: Rgb, video: Filming, subject_network: File | None, advance: Callable[[int, int], None]
) -> bytes:
    """Return a video of a still as an MP4 file; the same call gives the same bytes.

    Args:
        still: the picture, of any size.
        video: what becomes of it.
        subject_network: the file of the network that finds what stands out; None: only the ground is
            taken for near.
        advance: called with the number of completed frames, and of all frames, from time to time; what it raises ends the
            work.
    """
    size = video.width, video.height
    still = _trimmed(still, video.width / video.height)
    subject = None
    if subject_network is not None and (video.shot.goes_places or video.shot.grows):
        subject = _subject(still, subject_network)
    depth = depth_of(subject) if video.shot.goes_places else None
    planes, path = _laid_out(still, video, _middle(subject), deep=depth is not None)
    frames = frames_of(planes, path, size, depth)
    return encode_video(_told(frames, len(path.poses), advance), size, video.soundtrack, fps=FPS)


def _trimmed(still: Rgb, ratio: float) -> Rgb:
    """Return the middle of a picture that is longer than any camera turns."""
    height, width = still.shape[:2]
    wide, high = (round(side * (1 + LONGEST_PAN)) + 1 for side in (height * ratio, width / ratio))
    left, top = max(0, (width - wide) // 2), max(0, (height - high) // 2)
    return still[top : top + high, left : left + wide]


def _subject(still: Rgb, network: File) -> Map | None:
    from fondaco.engines.common.subject_network import SubjectNetwork  # noqa: PLC0415 - few need it

    return SubjectNetwork(network).map(Image.fromarray(still))


def _middle(subject: Map | None) -> tuple[float, float]:
    """Return the middle of a subject, as shares of the picture's width and height."""
    if subject is None:
        return 0.5, 0.5
    places = (np.arange(len(subject)) + 0.5) / len(subject)
    across, down = (float((subject.sum(axis) @ places) / subject.sum()) for axis in (0, 1))
    return across, down


def _laid_out(
    still: Rgb, video: Filming, aim: tuple[float, float], *, deep: bool
) -> tuple[Planes, Path]:
    """Return the picture in the size that its frames need, and the path over it."""

    def path_over(picture: tuple[int, int]) -> Path:
        frame = video.width, video.height
        return path_of(video.shot, video.seconds * FPS, video.seconds, picture, frame, aim=aim)

    height, width = still.shape[:2]
    path = path_over((width, height))
    if deep:
        scale = _OVERSAMPLING * video.width / sqrt(path.closest * path.frame[0])
    else:
        scale = min(1.0, video.width / path.closest)
    size = _even(width * scale), _even(height * scale)
    return planes_of(still, size), path_over(size)


def _told(
    frames: Iterator[Planes], total: int, advance: Callable[[int, int], None]
) -> Iterator[Planes]:
    for number, frame in enumerate(frames):
        if number % _TOLD_FRAMES == 0:
            advance(number, total)
        yield frame
    advance(total, total)


def _even(side: float) -> int:
    return max(2, 2 * round(side / 2))
