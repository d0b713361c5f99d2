"""Frames: a camera's views of a picture, resampled at fractions of pixels so that no move trembles."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from fondaco.engines.camera.depth import Depth
from fondaco.engines.camera.path import FAR, Box, Path, Pose
from fondaco.engines.common.videos.planes import Map, Planes

_CELL = 64
"""Pixels: within a cell of so many, depth counts as changing evenly."""
_ROUNDS = 4
"""In which the place that a pixel shows is found: its shift depends on the depth of that place."""


def frames_of(
    planes: Planes, path: Path, size: tuple[int, int], depth: Depth | None
) -> Iterator[Planes]:
    """Yield the frames of a path over a picture, one at a time.

    Args:
        planes: the picture.
        path: over it, in the pixels of its brightness.
        size: width and height of the frames, even.
        depth: of the picture; None: it is flat.
    """
    half = size[0] // 2, size[1] // 2
    grid = _Grid(size)
    for pose in path.poses:
        if depth is None or not (pose.side or pose.drop or pose.ahead):
            box = path.box(pose, FAR)
            smaller = Box(*(edge / 2 for edge in box))
            light = _cut(planes.light, size, box)
            blue, red = (_cut(plane, half, smaller) for plane in (planes.blue, planes.red))
        else:
            places = grid.places(path, pose, depth, planes.light.size)
            light = grid.warped(planes.light, size, places, 1)
            blue, red = (grid.warped(plane, half, places, 2) for plane in (planes.blue, planes.red))
        yield Planes(light, blue, red)


def _cut(plane: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """Return a part of a plane at another size."""
    inside = (
        max(0.0, box.left),
        max(0.0, box.top),
        min(float(plane.width), box.right),
        min(float(plane.height), box.bottom),
    )
    return plane.resize(size, Image.Resampling.BICUBIC, inside)


class _Grid:
    """Cells of a frame, in each of which a picture is drawn by the places of its corners."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._columns, self._rows = (_edges(side) for side in size)
        self._u = (np.array(self._columns, np.float32) / size[0] - 0.5)[None, :]
        self._v = (np.array(self._rows, np.float32) / size[1] - 0.5)[:, None]

    def places(
        self, path: Path, pose: Pose, depth: Depth, picture: tuple[int, int]
    ) -> tuple[Map, Map]:
        """Return where in the picture each corner looks, across and down, in pixels."""
        near = np.full((len(self._rows), len(self._columns)), FAR, np.float32)
        for _ in range(_ROUNDS):
            lens = np.exp(-pose.zoom) * (1 - near * pose.ahead)
            across = pose.pan + near * pose.side + self._u * lens
            down = pose.tilt + near * pose.drop + self._v * lens
            x = path.centre[0] + path.frame[0] * across
            y = path.centre[1] + path.frame[1] * down
            near = depth.at(x / picture[0], y / picture[1])
        return x, y

    def warped(
        self, plane: Image.Image, size: tuple[int, int], places: tuple[Map, Map], step: int
    ) -> Image.Image:
        """Return what is seen of a plane; `step` is 2 for planes of half the size."""
        x, y = (one / step for one in places)
        mesh = []
        for row in range(len(self._rows) - 1):
            for column in range(len(self._columns) - 1):
                target = (
                    self._columns[column] // step,
                    self._rows[row] // step,
                    self._columns[column + 1] // step,
                    self._rows[row + 1] // step,
                )
                corners = (
                    (row, column),
                    (row + 1, column),
                    (row + 1, column + 1),
                    (row, column + 1),
                )
                source = tuple(float(one[corner]) for corner in corners for one in (x, y))
                mesh.append((target, source))
        return plane.transform(size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _edges(side: int) -> list[int]:
    """Return the even edges of cells along a side."""
    cells = max(1, round(side / _CELL))
    return [round(side / 2 * number / cells) * 2 for number in range(cells + 1)]
