"""Filters: blur, grain, tones of old photographs, and others that take no more than a strength."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageFilter

from fondaco.engines.editor.instructions.operations import Filter, FilterName
from fondaco.engines.editor.pixels.drawing import cartoon, edges, emboss, sketch
from fondaco.engines.editor.pixels.hues import colourised
from fondaco.engines.editor.pixels.light import saturated
from fondaco.engines.editor.pixels.raster import (
    Bytes,
    Floats,
    Raster,
    bands,
    brightness,
    resized,
    table,
    to_bytes,
    to_floats,
)
from fondaco.engines.editor.pixels.smoothing import guided

_SEPIA = ((22, 14, 8), (150, 112, 72), (255, 246, 222))
_FADED = ((46, 34, 34), (150, 122, 96), (252, 240, 210))
_SMALL_PIXELS = 512 * 512
_NOISE_RADIUS = 3


def filtered(raster: Raster, wanted: Filter, seed: int) -> Raster:
    """Return a picture through a filter; the seed is that of grain."""
    if wanted.name == "grain":
        return grainy(raster, wanted.strength, seed)
    if wanted.name == "vintage":
        return _vintage(raster, wanted.strength, seed)
    return _FILTERS[wanted.name](raster, wanted.strength)


def blurred(raster: Raster, strength: float) -> Raster:
    """Return a picture out of focus."""
    radius = max(1.5, 0.012 * raster.shorter) * strength
    return raster.with_rgb(raster.image.filter(ImageFilter.GaussianBlur(radius)))


def grainy(raster: Raster, strength: float, seed: int) -> Raster:
    """Return a picture with the grain of a film."""
    coarse = max(1.0, raster.shorter / 1400)
    size = round(raster.height / coarse), round(raster.width / coarse)
    chance = np.random.default_rng(seed % 2**32)
    noise = np.clip(128 + 26 * chance.standard_normal(size, np.float32), 0, 255).astype(np.uint8)
    noise = resized(noise, raster.width, raster.height)
    result = np.empty_like(raster.rgb)
    for rows in bands(raster.height, raster.width):
        rgb = to_floats(raster.rgb[rows])
        grey = brightness(rgb)
        middle = 0.35 + 2.6 * grey * (1 - grey)  # weakest in black and white
        result[rows] = to_bytes(
            rgb + ((to_floats(noise[rows]) - 0.5) * middle * strength)[..., None]
        )
    return raster.with_rgb(result)


def _greyscale(raster: Raster, _: float) -> Raster:
    return raster.with_rgb(raster.luma)


def _invert(raster: Raster, _: float) -> Raster:
    return raster.looked_up(table(lambda tones: np.asarray(1 - tones, np.float32)))


def _solarise(raster: Raster, _: float) -> Raster:
    return raster.looked_up(
        table(
            lambda tones: np.asarray(np.where(tones < 0.5, tones * 2, (1 - tones) * 2), np.float32)
        )
    )


def _sepia(raster: Raster, strength: float) -> Raster:
    return raster.mixed(raster.ramped(ramp(*_SEPIA)), min(1.0, 0.4 + 0.6 * strength))


def _vintage(raster: Raster, strength: float, seed: int) -> Raster:
    share = min(1.0, 0.55 * strength)
    faded = saturated(raster, -0.2).mixed(raster.ramped(ramp(*_FADED)), share)
    return grainy(vignette(faded, 0.6 * strength), 0.6 * strength, seed)


def vignette(raster: Raster, strength: float) -> Raster:
    """Return a picture that grows dark towards its corners."""
    ys = np.linspace(-1, 1, raster.height, dtype=np.float32)[:, None]
    xs = np.linspace(-1, 1, raster.width, dtype=np.float32)[None]
    result = np.empty_like(raster.rgb)
    for rows in bands(raster.height, raster.width):
        far = np.clip((np.hypot(ys[rows], xs) - 0.55) / 0.86, 0, 1)
        shade = 1 - min(0.95, 0.72 * strength) * far * far * (3 - 2 * far)
        result[rows] = to_bytes(to_floats(raster.rgb[rows]) * shade[..., None])
    return raster.with_rgb(result)


def _sharpen(raster: Raster, strength: float) -> Raster:
    radius = max(1.0, 0.0018 * raster.shorter)
    mask = ImageFilter.UnsharpMask(radius, round(130 * strength), 2)
    return raster.with_rgb(raster.image.filter(mask))


def _denoise(raster: Raster, strength: float) -> Raster:
    """Smooth each channel along the edges of the brightness."""
    softness = (0.07 * strength) ** 2
    around = 4 * _NOISE_RADIUS
    result = np.empty_like(raster.rgb)
    for rows in bands(raster.height, raster.width):
        top, bottom = max(0, rows.start - around), min(raster.height, rows.stop + around)
        rgb = to_floats(raster.rgb[top:bottom])
        grey = brightness(rgb)
        smooth = np.stack(
            [guided(grey, rgb[..., one], _NOISE_RADIUS, softness) for one in range(3)], -1
        )
        result[rows] = to_bytes(smooth)[rows.start - top : rows.stop - top]
    return raster.with_rgb(result)


def _pixelate(raster: Raster, strength: float) -> Raster:
    block = max(2, round(max(raster.width, raster.height) / 64 * strength))
    across, down = -(-raster.width // block), -(-raster.height // block)
    small = raster.image.resize((across, down), Image.Resampling.BOX)
    large = small.resize((across * block, down * block), Image.Resampling.NEAREST)
    return raster.with_rgb(large.crop((0, 0, raster.width, raster.height)))


def _posterise(raster: Raster, strength: float) -> Raster:
    """Reduce the picture to a few of its own colours."""
    colours = max(3, round(9 / strength))
    raster = saturated(raster, 0.12)
    small, _ = raster.within(_SMALL_PIXELS)
    palette = small.filter(ImageFilter.MedianFilter(3)).quantize(
        colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    calm = raster.image.filter(ImageFilter.MedianFilter(3))
    return raster.with_rgb(calm.quantize(palette=palette, dither=Image.Dither.NONE))


def _enhance(raster: Raster, strength: float) -> Raster:
    """Use all tones, take half of a colour cast away, and bring some colour and sharpness back."""
    small = to_floats(np.asarray(raster.within(_SMALL_PIXELS)[0]))
    tones = [_stretch(small[..., one], brightness(small), strength) for one in range(3)]
    better = saturated(raster.looked_up(np.stack(tones, -1)), 0.08 * strength)
    local = better.image.filter(
        ImageFilter.UnsharpMask(max(2.0, 0.03 * raster.shorter), round(18 * strength), 0)
    )
    return _sharpen(raster.with_rgb(local), 0.4 * strength)


def _stretch(channel: Floats, grey: Floats, strength: float) -> Bytes:
    """Return the table of one channel: from its darkest to its lightest, and its middle where all are."""
    own, common = (np.quantile(one, (0.004, 0.5, 0.996)) for one in (channel, grey))
    low, middle, high = (0.5 * own + 0.5 * common).tolist()
    low, high = min(low, 0.3) * strength, 1 - min(1 - high, 0.3) * strength
    middle = min(max((middle - low) / max(0.2, high - low), 0.1), 0.9)
    wished = middle + (0.47 - middle) * 0.45 * strength
    bend = float(np.clip(np.log(wished) / np.log(middle), 0.6, 1.6))
    return table(
        lambda tones: np.asarray(
            np.clip((tones - low) / max(0.2, high - low), 0, 1) ** bend, np.float32
        )
    )


def ramp(*stops: tuple[int, int, int]) -> Bytes:
    """Return a table [256, 3] of colours along evenly spaced stops, dark to light."""
    knots = np.linspace(0, 255, len(stops))
    columns = [np.interp(np.arange(256), knots, [one[band] for one in stops]) for band in range(3)]
    return np.asarray(np.stack(columns, -1) + 0.5, np.uint8)


_FILTERS: Mapping[FilterName, Callable[[Raster, float], Raster]] = {
    "blur": blurred,
    "cartoon": cartoon,
    "colourise": lambda raster, _: colourised(raster),
    "denoise": _denoise,
    "edges": lambda raster, _: edges(raster),
    "emboss": lambda raster, _: emboss(raster),
    "enhance": _enhance,
    "greyscale": _greyscale,
    "invert": _invert,
    "pixelate": _pixelate,
    "posterise": _posterise,
    "sepia": _sepia,
    "sharpen": _sharpen,
    "sketch": sketch,
    "solarise": _solarise,
    "vignette": vignette,
}
