"""Cells: pixels, facets, tiles, stained glass and stitches."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, spatial

from fondaco.engines.painter.stage import Stage
from fondaco.engines.painter.strokes.medium import Medium
from fondaco.engines.painter.strokes.palette import quantized
from fondaco.engines.painter.surface.canvas import flat
from fondaco.engines.painter.surface.colour import Pixels, blend, luma
from fondaco.engines.painter.surface.noise import blurred


def pixels(stage: Stage, medium: Medium) -> None:
    """Reduce the picture to large pixels of few colours."""
    across = round(medium.number("across", 112) * (0.45 + 0.55 * medium.detail))
    size = max(2, round(stage.unit / across))
    small = _averaged(stage.pixels, size)
    levels = int(medium.number("colours", 28))
    small = quantized(small, levels, stage.chance("palette"))
    stage.pixels = np.repeat(np.repeat(small, size, 0), size, 1)[: stage.height, : stage.width]


def facets(stage: Stage, medium: Medium) -> None:
    """Cover the picture with triangles, small ones where it has detail."""
    chance = stage.chance("facets")
    smooth = blurred(luma(stage.pixels), 1.5)
    edges = np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1))
    count = int(medium.number("count", 2600) * (0.25 + 0.75 * medium.detail))
    points = _scattered(chance, edges + medium.number("even", 7), count)
    frame = np.linspace(0, 1, 13)
    border = np.concatenate(
        [
            np.stack((frame * (stage.width - 1), np.full(13, y)), -1)
            for y in (0.0, stage.height - 1.0)
        ]
        + [
            np.stack((np.full(13, x), frame * (stage.height - 1)), -1)
            for x in (0.0, stage.width - 1.0)
        ]
    )
    points = np.unique(np.concatenate((points, border)).round(1), axis=0)
    triangles = points[spatial.Delaunay(points).simplices]
    middles = triangles.mean(1)
    colours = blurred(stage.pixels, 2.2 * stage.unit / 768)[
        middles[:, 1].astype(int), middles[:, 0].astype(int)
    ]
    sway = chance.normal(0, medium.number("jitter", 5), (len(colours), 1))
    with stage.canvas() as canvas:
        for corners, (red, green, blue) in zip(
            triangles.tolist(), np.clip(colours + sway, 0, 255).tolist(), strict=True
        ):
            fill = flat((red, green, blue))
            canvas.polygon(corners, fill)
            canvas.line(corners, fill, 1.0, closed=True)


def mosaic(stage: Stage, medium: Medium) -> None:
    """Lay the picture in tiles with joints between them."""
    tile = medium.number("tile", 13) * stage.unit / 768 * (1.7 - 0.7 * medium.detail)
    _cells(stage, medium, tile, joint=(206, 198, 184), gap=0.16, gloss=0.16, detail_cells=False)


def stained_glass(stage: Stage, medium: Medium) -> None:
    """Set the picture in coloured glass between dark leads."""
    pane = medium.number("pane", 34) * stage.unit / 768 * (1.6 - 0.6 * medium.detail)
    grey = luma(stage.pixels)[..., None]
    stage.pixels = np.clip(grey + (stage.pixels - grey) * 1.7, 0, 255) * 1.12 + 22
    _cells(stage, medium, pane, joint=(22, 20, 26), gap=0.12, gloss=0.34, detail_cells=True)


def _cells(
    stage: Stage,
    medium: Medium,
    size: float,
    *,
    joint: tuple[float, float, float],
    gap: float,
    gloss: float,
    detail_cells: bool,
) -> None:
    """Fill the cells around scattered points with their mean colours, and the joints between."""
    chance = stage.chance("cells")
    if detail_cells:
        smooth = blurred(luma(stage.pixels), 2)
        edges = np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1))
        points = _scattered(chance, edges + 16, int(stage.width * stage.height / size**2))
    else:
        ys, xs = (
            axis.ravel()
            for axis in np.mgrid[size / 2 : stage.height : size, size / 2 : stage.width : size]
        )
        points = np.stack((xs, ys), -1) + chance.uniform(-0.3, 0.3, (len(xs), 2)) * size
    tree = spatial.cKDTree(points)
    grid = (
        np.stack(np.meshgrid(np.arange(stage.width), np.arange(stage.height)), -1)
        .reshape(-1, 2)
        .astype(np.float32)
    )
    distance, index = tree.query(grid, k=2)
    owner = index[:, 0]
    counts = np.maximum(np.bincount(owner, minlength=len(points)), 1)
    flat_pixels = stage.pixels.reshape(-1, 3)
    means = np.stack(
        [np.bincount(owner, flat_pixels[:, band], len(points)) / counts for band in range(3)], -1
    )
    means += chance.normal(0, medium.number("jitter", 6), (len(points), 1))
    image = means[owner].reshape(stage.pixels.shape).astype(np.float32)
    border = (distance[:, 1] - distance[:, 0]).reshape(stage.height, stage.width) / size
    offset = (grid - points[owner]).sum(-1).reshape(stage.height, stage.width) / size
    image *= (1 - gloss * np.clip(offset, -1, 1))[..., None]
    stage.pixels = blend(image, joint, np.asarray(np.clip((gap - border) / 0.07, 0, 1), np.float32))


def stitches(stage: Stage, medium: Medium) -> None:
    """Embroider the picture in crosses of thread on cloth."""
    size = max(
        4, round(medium.number("stitch", 8) * stage.unit / 768 * (1.5 - 0.5 * medium.detail))
    )
    small = quantized(
        _averaged(stage.pixels, size), int(medium.number("colours", 40)), stage.chance("palette")
    )
    tile = np.zeros((size, size), np.float32)
    at = np.linspace(-1, 1, size)
    one, other = np.abs(at[:, None] - at[None, :]), np.abs(at[:, None] + at[None, :])
    tile = np.maximum(np.clip(1.15 - one * 2.1, 0, 1) * 0.86, np.clip(1.15 - other * 2.1, 0, 1))
    rows, columns = small.shape[:2]
    thread = np.tile(tile, (rows, columns))[: stage.height, : stage.width]
    cloth = np.array(medium.colour("cloth", (226, 216, 198)), np.float32) * (
        0.9
        + 0.1
        * np.tile(np.indices((size, size)).sum(0) % 2, (rows, columns))[
            : stage.height, : stage.width, None
        ]
    )
    colours = np.repeat(np.repeat(small, size, 0), size, 1)[: stage.height, : stage.width]
    lit = colours * (0.72 + 0.4 * thread[..., None])
    stage.pixels = blend(
        np.asarray(cloth, np.float32),
        np.asarray(lit, np.float32),
        np.asarray(np.clip(thread * 2.2, 0, 1), np.float32),
    )


def _averaged(image: Pixels, size: int) -> Pixels:
    """Return the means of squares [rows, columns, 3]; the last ones repeat the edge."""
    height, width = image.shape[:2]
    padded = np.pad(image, ((0, -height % size), (0, -width % size), (0, 0)), "edge")
    rows, columns = padded.shape[0] // size, padded.shape[1] // size
    return np.asarray(padded.reshape(rows, size, columns, size, 3).mean((1, 3)), np.float32)


def _scattered(chance: np.random.Generator, weight: Pixels, count: int) -> NDArray[np.float64]:
    """Return points [count, 2], dense where the weight is high."""
    total = np.cumsum(weight.ravel(), dtype=np.float64)
    picks = np.searchsorted(total, (np.arange(count) + chance.random(count)) / count * total[-1])
    picks = np.minimum(picks, weight.size - 1)
    width = weight.shape[1]
    points = np.stack((picks % width, picks // width), -1).astype(np.float64)
    return points + chance.uniform(0, 0.4, (count, 2))
