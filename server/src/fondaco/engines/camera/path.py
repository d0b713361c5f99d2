"""The path of a camera: where it stands at each frame, and which part of the picture it sees from there.

A camera in front of planes at several distances. A plane's *nearness* is one divided by its distance; the
subject's is 1. What a camera sees of a plane is a rectangle of the picture, as the planes were one picture
before it moved.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from math import exp, log, sqrt
from typing import NamedTuple

from fondaco.engines.camera.shot import Ease, Motion, Move, Shot, eased

FAR = 0.45
"""The nearness of what is behind the subject."""
_USUAL_S = 5.0
"""For which the lengths of moves below are meant; a longer video has longer ones."""
_PAN, _TILT = 0.2, 0.2
"""Of the frame's width and height; over a picture that is wider or higher than the frame, all of it."""
LONGEST_PAN = 1.2
"""Largest turn over such a picture."""
_TRUCK, _PEDESTAL, _ORBIT = 0.18, 0.14, 0.17
"""Likewise, of the frame as the subject's distance has it."""
_ZOOM = log(1.4)
_DOLLY = 0.26
"""Of the way to the subject."""
_NEAREST = 0.55
"""The share of that way which a camera goes at most."""
_FURTHEST = 0.4
"""Of the frame's side: how far off its middle a camera aims at most, so that it sees no edge."""
_CLOSEST = 0.5
"""Smallest share of the picture's width that fills the frame, lest its pixels show."""
_SHORTER = 0.85
"""By how much all moves are shortened, until they go neither too far nor too close."""


class Box(NamedTuple):
    """A part of the picture, in its pixels, with fractions."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Pose:
    """Pose of a camera; all zero at the start of a path."""

    pan: float = 0.0
    """To the right, in widths of the frame."""
    tilt: float = 0.0
    """Down, in heights of the frame."""
    zoom: float = 0.0
    """The logarithm of the magnification."""
    side: float = 0.0
    """To the right, in widths of the frame at the subject."""
    drop: float = 0.0
    """Down, in heights of the frame at the subject."""
    ahead: float = 0.0
    """The share of the way to the subject."""

    def moved(self, by: "Pose", share: float) -> "Pose":
        """Return the pose after a share of a move."""
        pairs = zip(astuple(self), astuple(by), strict=True)
        return Pose(*(start + share * whole for start, whole in pairs))

    def size(self, nearness: float) -> float:
        """Return what it sees of a plane, as a share of the frame."""
        return exp(-self.zoom) * (1 - nearness * self.ahead)

    def shift(self, nearness: float) -> tuple[float, float]:
        """Return how far it sees aside, and down, in widths and heights of the frame."""
        return self.pan + nearness * self.side, self.tilt + nearness * self.drop


_CHANGES: Mapping[Motion, Pose] = {
    Motion.TRUCK: Pose(side=_TRUCK),
    Motion.PEDESTAL: Pose(drop=-_PEDESTAL),
    Motion.ZOOM: Pose(zoom=_ZOOM),
    Motion.DOLLY: Pose(ahead=_DOLLY),
    Motion.ORBIT: Pose(side=_ORBIT, pan=-_ORBIT),
}
"""Change of pose by each usual move, whatever the picture."""


@dataclass(frozen=True, slots=True)
class Path:
    """The poses of all frames, fitted into a picture: none sees beyond its edges."""

    poses: tuple[Pose, ...]
    centre: tuple[float, float]
    """Point that a camera without any move looks at, in pixels of the picture."""
    frame: tuple[float, float]
    """The width and height that it sees."""

    def box(self, pose: Pose, nearness: float) -> Box:
        """Return what a camera sees of a plane."""
        half = pose.size(nearness) / 2
        across, down = pose.shift(nearness)
        width, height = self.frame
        return Box(
            self.centre[0] + width * (across - half),
            self.centre[1] + height * (down - half),
            self.centre[0] + width * (across + half),
            self.centre[1] + height * (down + half),
        )

    @property
    def closest(self) -> float:
        """The width of the smallest part of the picture that fills the frame, in its pixels."""
        return min(pose.size(1.0) for pose in self.poses) * self.frame[0]


def path_of(
    shot: Shot,
    frames: int,
    seconds: float,
    picture: tuple[int, int],
    frame: tuple[int, int],
    *,
    aim: tuple[float, float] = (0.5, 0.5),
) -> Path:
    """Return the path of a shot over a picture.

    Args:
        shot: its moves.
        frames: of the video.
        seconds: that it lasts; in longer ones, a camera goes further.
        picture: width and height.
        frame: likewise, of the video.
        aim: what a camera that comes closer moves towards, as shares of the picture's width and height.
    """
    ratio = frame[0] / frame[1]
    width = min(float(picture[0]), picture[1] * ratio)
    height = width / ratio
    reach = sqrt(seconds / _USUAL_S)
    room = picture[0] / width - 1, picture[1] / height - 1
    offset = tuple(
        max(-_FURTHEST, min(_FURTHEST, (place - 0.5) * side / seen))
        for place, side, seen in zip(aim, picture, (width, height), strict=True)
    )
    while True:
        phases = [_together(moves, reach, room) for moves in shot.phases]
        if max((pose.ahead for pose in _ends(phases)), default=0.0) <= _NEAREST:
            poses = _aimed(tuple(_poses(phases, frames, shot.ease)), offset)
            path = _fitted(poses, picture, (width, height))
            if path.closest >= _CLOSEST * width:
                return path
        reach *= _SHORTER


def _together(moves: Iterable[Move], reach: float, room: tuple[float, float]) -> Pose:
    """Return what the moves of a phase change together."""
    whole = Pose()
    for move in moves:
        whole = whole.moved(_change(move, reach, room), move.direction)
    return whole


def _change(move: Move, reach: float, room: tuple[float, float]) -> Pose:
    """Return what a move changes in its positive direction."""
    by = move.strength * reach
    if move.motion is Motion.PAN:
        return Pose(pan=_over(room[0], _PAN, by))
    if move.motion is Motion.TILT:
        return Pose(tilt=-_over(room[1], _TILT, by))
    if move.motion is Motion.DOLLY_ZOOM:
        return Pose(ahead=_DOLLY * by, zoom=log(max(1 - _DOLLY * by, 1 - _NEAREST)))
    return Pose().moved(_CHANGES[move.motion], by)


def _over(room: float, usual: float, by: float) -> float:
    """Return how far a camera turns over a picture that has this much more than the frame."""
    return max(usual * by, min(room, LONGEST_PAN) * min(by, 1.0))


def _ends(phases: Sequence[Pose]) -> Iterable[Pose]:
    """Return the pose after each phase."""
    pose = Pose()
    for phase in phases:
        pose = pose.moved(phase, 1.0)
        yield pose


def _poses(phases: Sequence[Pose], frames: int, ease: Ease) -> Iterable[Pose]:
    """Return the pose of each frame; each phase takes as long as another.

    The picture is as it was taken in the middle of what a camera moves aside, so that the parallax of both
    halves is as small as can be.
    """
    ends = [Pose(), *_ends(phases)]
    side, drop = (
        (min(values) + max(values)) / 2
        for values in ([one.side for one in ends], [one.drop for one in ends])
    )
    start = Pose(pan=side, tilt=drop, side=-side, drop=-drop)
    for frame in range(frames):
        way = frame / max(1, frames - 1) * len(phases)
        pose = start
        for number, phase in enumerate(phases):
            pose = pose.moved(phase, eased(way - number, ease))
        yield pose


def _aimed(poses: tuple[Pose, ...], offset: Sequence[float]) -> tuple[Pose, ...]:
    """Return poses that keep in the frame what is off its middle by so much, the more they see of it."""
    widest = max(pose.size(1.0) for pose in poses)
    return tuple(
        pose.moved(Pose(pan=offset[0], tilt=offset[1]), 1 - pose.size(1.0) / widest)
        for pose in poses
    )


def _fitted(poses: tuple[Pose, ...], picture: tuple[int, int], frame: tuple[float, float]) -> Path:
    """Return a path whose frame is as large as the picture allows, with what is seen in its middle."""
    unit = Path(poses, (0.0, 0.0), (1.0, 1.0))
    boxes = [unit.box(pose, nearness) for pose in poses for nearness in (FAR, 1.0)]
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    scale = min(picture[0] / (frame[0] * (right - left)), picture[1] / (frame[1] * (bottom - top)))
    width, height = frame[0] * scale, frame[1] * scale
    centre = (
        picture[0] / 2 - width * (left + right) / 2,
        picture[1] / 2 - height * (top + bottom) / 2,
    )
    return Path(poses, centre, (width, height))
