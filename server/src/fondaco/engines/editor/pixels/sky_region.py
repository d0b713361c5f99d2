"""Sky detection by smoothness, colours and place, with a fine edge."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from fondaco.engines.editor.errors import UnsuitedError
from fondaco.engines.editor.pixels.mixture import Mixture
from fondaco.engines.editor.pixels.oklab import to_oklab
from fondaco.engines.editor.pixels.paper import paper_of
from fondaco.engines.editor.pixels.raster import Bytes, Floats, Raster, resized, to_bytes, to_floats
from fondaco.engines.editor.pixels.smoothing import box, guided

Map: TypeAlias = NDArray[np.bool_]
"""Membership in a region, [height, width]."""

_PIXELS = 90_000
"""Size of the copy on which the sky is detected."""
_REFINED_PIXELS = 1_000_000
_WEIGHTS = np.array((1, 2, 2), np.float32)
"""Of lightness and the two axes of hue."""
_THRESHOLDS = np.geomspace(0.008, 0.12, 20)
"""Steepness of an edge that may end the sky."""
_LEAST, _MOST = 0.08, 0.9
"""Share of the picture that the sky may be."""
_USUAL_STEP = 0.12
"""A step of colour along the skyline that is as good as any larger one."""
_RAGGED = 60.0
_SMOOTH = 0.02
_DOUBT = 1.6
"""Margin, as a logarithm, by which sky must be likelier than land below the skyline."""
_ALIKE, _GAP = 0.042, 0.0015
"""Gaps between leaves and beams: how near to the sky's colours, and the least share of the picture."""
_SHORTEST = 16
"""Of a side that a sky is looked for on."""
_NONE = "No sky was found in the image: a smooth area along its upper edge."


@dataclass(frozen=True, slots=True)
class _View:
    """The picture on few pixels, as the sky is looked for on it."""

    calm: Floats
    """Oklab [height, width, 3], without brush strokes, noise and leaves."""
    texture: Floats
    """Roughness of each pixel's surroundings."""
    steepness: Floats
    """Gradient of the calm colours from pixel to pixel."""

    @property
    def features(self) -> Floats:
        """Features that tell sky from land: colour, roughness and height."""
        height, width = self.texture.shape
        ys = np.broadcast_to(
            np.linspace(0, 0.35, height, dtype=np.float32)[:, None], (height, width)
        )
        parts = (self.calm, self.texture[..., None] * 2, ys[..., None])
        return np.asarray(np.concatenate(parts, -1), np.float32)


@dataclass(frozen=True, slots=True)
class _Skyline:
    """Area above the first steep edge of each column, and how well that divides the picture."""

    above: Map
    threshold: float
    quality: float


def sky_of(raster: Raster) -> Bytes:
    """Return how much each pixel is sky, [height, width], 0 to 255.

    The sky begins at the upper edge and ends, column by column, at the first steep edge; which
    steepness counts is what parts the picture best. Then mixtures of Gaussians learn what is above and
    below, and decide again for each pixel: what is between branches and beside towers joins the sky.

    Source: Shen and Wang, "Sky Region Detection in a Single Image for Autonomous Ground Robot
    Navigation", 2013, for the first step.

    Raises:
        UnsuitedError: there is none.
    """
    if raster.shorter < _SHORTEST:
        raise UnsuitedError(_NONE)
    paper = paper_of(raster)
    if paper is None:
        return _sky_in(raster)
    rows, columns = _painted(paper)
    if min(rows.stop - rows.start, columns.stop - columns.start) < _SHORTEST:
        raise UnsuitedError(_NONE)
    sky = _sky_in(Raster(np.ascontiguousarray(raster.rgb[rows, columns])))
    margins = (
        (rows.start, raster.height - rows.stop),
        (columns.start, raster.width - columns.stop),
    )
    around = np.pad(sky, margins, mode="edge")  # the painting's edge is ragged
    return to_bytes(to_floats(around) * (1 - to_floats(paper)))


def _sky_in(raster: Raster) -> Bytes:
    """Return the sky of a picture that reaches its edges.

    Raises:
        UnsuitedError: there is none.
    """
    view = _viewed(raster)
    line = _best_skyline(view)
    sky = None if line is None else _learned(view, line)
    if line is None or sky is None or not _plausible(view, line, sky):
        raise UnsuitedError(_NONE)
    return _refined(raster, sky)


def _painted(paper: Bytes) -> tuple[slice, slice]:
    """Return the rows and the columns of the painting, less its ragged edge."""
    covered = paper > 127
    middle_rows, middle_columns = (slice(side // 4, -(side // 4)) for side in covered.shape)
    across = np.asarray(covered[:, middle_columns].any(1), np.bool_)
    down = np.asarray(covered[middle_rows].any(0), np.bool_)
    return _bare(across), _bare(down)


def _bare(covered: Map) -> slice:
    """Return the longest part along a side that is not covered from either end."""
    half = len(covered) // 2
    start = np.flatnonzero(covered[:half]).max(initial=-1) + 1
    end = half + np.flatnonzero(covered[half:]).min(initial=len(covered) - half)
    return slice(int(start), int(end))


def _viewed(raster: Raster) -> _View:
    small, _ = raster.within(_PIXELS)
    lab = to_oklab(np.asarray(small.filter(ImageFilter.MedianFilter(3)))) * _WEIGHTS
    light = np.ascontiguousarray(lab[..., 0])
    mean = box(light, 2)
    texture = np.sqrt(np.maximum(box(light * light, 2) - mean * mean, 0))
    channels = [np.ascontiguousarray(lab[..., one]) for one in range(3)]
    for _ in range(2):
        channels = [guided(one, one, 4, 0.0015) for one in channels]
    slopes = [np.hypot(ndimage.sobel(one, 0), ndimage.sobel(one, 1)) / 4 for one in channels]
    steepness = np.asarray(np.max(slopes, 0), np.float32)
    steepness[:3] = 0
    return _View(np.stack(channels, -1), np.asarray(texture, np.float32), steepness)


def _best_skyline(view: _View) -> _Skyline | None:
    height, width = view.steepness.shape
    rows = np.arange(height)[:, None]
    best: _Skyline | None = None
    for threshold in _THRESHOLDS:
        over = view.steepness > threshold
        ends = np.where(over.any(0), over.argmax(0), height)
        ends = ndimage.median_filter(ends, max(3, width // 16), mode="nearest")
        above = rows < ends
        if not _LEAST < float(above.mean()) < _MOST:
            continue
        quality = _quality(view, above, ends)
        if best is None or quality > best.quality:
            best = _Skyline(above, float(threshold), quality)
    return best


def _quality(view: _View, above: Map, ends: NDArray[np.int_]) -> float:
    """Return how well a skyline parts a picture: a step along it, and each part alike in itself."""
    height, width = above.shape
    columns, at = np.arange(width), np.clip(ends, 3, height - 4)
    below, over = view.calm[np.clip(at + 3, 0, height - 1), columns], view.calm[at - 3, columns]
    step = min(float(np.median(np.abs(below - over).max(-1))), _USUAL_STEP)
    apart = float(np.abs(view.calm[above].mean(0) - view.calm[~above].mean(0)).max())
    scatter = 0.0
    for part, weight in ((above, 2.0), (~above, 1.0)):
        spread = np.linalg.eigvalsh(np.cov(view.calm[part].T))
        scatter += weight * float(abs(np.prod(spread)) ** (1 / 3) + spread[-1])
    ragged = float(np.abs(np.diff(ends)).mean()) / height
    return float((step + 0.3 * apart) / (scatter + 0.004) / (1 + _RAGGED * ragged))


def _learned(view: _View, line: _Skyline) -> Map | None:
    """Return the sky by what is above and below a skyline; None if nothing of it stays."""
    features = view.features
    height = features.shape[0]
    lower = np.linspace(2.25, -2.75, height, dtype=np.float32)[:, None]
    sky = line.above
    for _ in range(2):
        likelier = Mixture(features[sky], 3).likelihood(features) - Mixture(
            features[~sky], 5
        ).likelihood(features)
        evidence = likelier + lower - np.where(line.above, 0, _DOUBT)
        fits = ndimage.median_filter(np.asarray(evidence > 0, np.uint8), 5) > 0
        reached = ndimage.binary_dilation(_connected(view, line, fits), iterations=3)
        sky = np.asarray(reached & fits, np.bool_)
        if not 0.01 < float(sky.mean()) < _MOST:
            return None
    return np.asarray(sky | _gaps(view, line, sky), np.bool_)


def _connected(view: _View, line: _Skyline, fits: Map) -> Map:
    """Return those parts of a region that reach the upper edge."""
    labels, _ = ndimage.label(fits & (view.steepness <= line.threshold))
    at_top = np.unique(labels[:3])
    return np.asarray(np.isin(labels, at_top[at_top > 0]), np.bool_)


def _gaps(view: _View, line: _Skyline, sky: Map) -> Map:
    """Return smooth areas above the horizon with the colours that the sky has at their height."""
    counts = sky.sum(1)
    rows = np.nonzero(counts > 0.05 * sky.shape[1])[0]
    if not len(rows):
        return np.zeros_like(sky)
    means = np.where(sky[rows, :, None], view.calm[rows], 0).sum(1) / counts[rows, None]
    usual = np.stack([np.interp(np.arange(len(sky)), rows, means[:, one]) for one in range(3)], -1)
    alike = np.abs(view.calm - usual[:, None]).max(-1) < _ALIKE
    alike &= view.steepness <= line.threshold
    alike[rows.max() + 1 :] = False
    labels, count = ndimage.label(alike & ~sky)
    sizes = ndimage.sum_labels(np.ones_like(labels), labels, np.arange(1, count + 1))
    large = 1 + np.nonzero(sizes > _GAP * labels.size)[0]
    return np.asarray(ndimage.binary_dilation(np.isin(labels, large), iterations=2), np.bool_)


def _plausible(view: _View, line: _Skyline, sky: Map) -> bool:
    """Whether a region can be a sky: wide, smooth, as its skyline promised, and not green, fur or wood."""
    agreed = float((sky & line.above).sum() / (sky | line.above).sum())
    wide = float(sky[1].mean())
    if line.quality < 1.2 or agreed < 0.6 or wide < 0.4 or float(sky.mean()) < _LEAST / 2:
        return False
    rough, elsewhere = float(view.texture[sky].mean()), float(view.texture[~sky].mean())
    if rough > _SMOOTH and rough > 0.85 * elsewhere:
        return False
    _, a, b = (view.calm[sky].mean(0) / _WEIGHTS).tolist()
    green = a < -0.04 and b > -0.03
    brown = a > 0.02 and b > 0.02 and rough > 0.6 * _SMOOTH
    return not green and not brown


def _refined(raster: Raster, sky: Map) -> Bytes:
    """Return a region at the picture's size; near its edge, each pixel by the colours on both sides."""
    small, _ = raster.within(_REFINED_PIXELS)
    rgb = to_floats(np.asarray(small))
    rough = Image.fromarray(np.asarray(sky, np.uint8) * 255).resize(
        small.size, Image.Resampling.BILINEAR
    )
    inside = np.asarray(rough) > 127
    reach = max(2, round(5 * min(small.size) / min(sky.shape)))
    surely = ndimage.binary_erosion(inside, iterations=reach, border_value=1)
    never = ~ndimage.binary_dilation(inside, iterations=reach)
    above, below = _colours_near(rgb, surely, 3 * reach), _colours_near(rgb, never, 3 * reach)
    apart = above - below
    share = ((rgb - below) * apart).sum(-1) / ((apart * apart).sum(-1) + 1e-3)
    share = np.clip((share - 0.1) / 0.8, 0, 1)
    share[surely] = 1
    share[never] = 0
    return resized(to_bytes(np.asarray(share, np.float32)), raster.width, raster.height)


def _colours_near(rgb: Floats, region: Map, radius: int) -> Floats:
    """Return for each pixel the mean colour of a region around it, of all of it where none is near."""
    weight = box(np.asarray(region, np.float32), radius)
    near = weight > 1e-3
    inside = np.where(region[..., None], rgb, 0)
    sums = np.stack([box(np.asarray(inside[..., one], np.float32), radius) for one in range(3)], -1)
    everywhere = rgb[region].mean(0) if region.any() else np.zeros(3, np.float32)
    means = sums / np.maximum(weight, 1e-3)[..., None]
    return np.asarray(np.where(near[..., None], means, everywhere), np.float32)
