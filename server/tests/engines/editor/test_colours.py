"""Tints, and one colour in place of another, by hue."""

import numpy as np
import pytest

from engines.editor.measures import colourfulness, edit, hue, luma, mean
from engines.editor.scenes import landscape, still_life
from fondaco.engines.editor.errors import UnsuitedError
from fondaco.engines.editor.instructions.colours import COLOURS
from fondaco.engines.editor.pixels.oklab import from_oklab, to_oklab
from fondaco.engines.editor.pixels.raster import Raster

BALL = slice(100, 156), slice(100, 156)
GROUND = slice(0, 50), slice(0, 50)
HUES = {
    "red": 0,
    "orange": 29,
    "yellow": 50,
    "green": 132,
    "cyan": 188,
    "blue": 222,
    "purple": 277,
    "magenta": 318,
}


def apart(one: float, other: float) -> float:
    return abs((one - other + 180) % 360 - 180)


@pytest.mark.parametrize("target", ["blue", "green", "yellow", "purple", "orange"])
@pytest.mark.parametrize("source", ["red", "orange", "green", "blue", "purple"])
def test_what_has_one_colour_gets_the_other(source: str, target: str) -> None:
    if source == target:
        return
    picture = still_life(colour=COLOURS[source])
    result = edit(picture, f"change the {source} to {target}").rgb
    assert apart(hue(result[BALL]), HUES[target]) < 22
    assert (result[GROUND] == picture.rgb[GROUND]).mean() > 0.95


def test_its_light_and_shade_stay() -> None:
    picture = still_life()
    result = edit(picture, "change the red to blue").rgb
    lit, shaded = slice(100, 120), slice(160, 175)
    assert luma(picture.rgb[lit, 100:120]) > luma(picture.rgb[shaded, 130:150]) + 10
    assert luma(result[lit, 100:120]) > luma(result[shaded, 130:150]) + 10


@pytest.mark.parametrize(("target", "least", "most"), [("black", 0, 70), ("white", 190, 255)])
def test_a_colour_may_become_black_or_white(target: str, least: float, most: float) -> None:
    result = edit(still_life(), f"change the red to {target}").rgb
    assert least <= luma(result[BALL]) <= most
    assert colourfulness(result[BALL]) < 15


def test_grey_may_get_a_colour() -> None:
    result = edit(still_life(), "change the grey to green").rgb
    assert apart(hue(result[GROUND]), HUES["green"]) < 22
    assert apart(hue(result[BALL]), HUES["red"]) < 10


def test_a_colour_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnsuitedError, match="Nothing in the image is green"):
        edit(still_life(), "change the green to blue")
    with pytest.raises(UnsuitedError, match="Nothing in the image is purple"):
        edit(still_life(), "keep only the purple")


def test_all_but_one_colour_becomes_grey() -> None:
    picture = landscape()
    result = edit(picture, "keep only the green").rgb
    assert colourfulness(result[:120, :140]) < 3  # the sky
    assert colourfulness(result[200:, :140]) > 0.9 * colourfulness(picture.rgb[200:, :140])


@pytest.mark.parametrize("colour", ["red", "green", "blue", "orange", "purple", "#00c8c8"])
def test_a_tint_has_its_hue_and_keeps_the_light(colour: str) -> None:
    picture = landscape()
    result = edit(picture, f"make it {colour}").rgb
    assert apart(hue(result), HUES.get(colour, 180)) < 30
    assert luma(result) == pytest.approx(luma(picture.rgb), abs=25)


def test_a_duotone_lies_between_its_colours() -> None:
    result = edit(landscape(), "duotone in navy and yellow").rgb
    brightness = result @ np.array((0.299, 0.587, 0.114))
    dark, light = (
        brightness < np.quantile(brightness, 0.1),
        brightness > np.quantile(brightness, 0.9),
    )
    assert mean(result[dark])[2] > mean(result[dark])[0]
    assert mean(result[light])[0] > mean(result[light])[2]


def test_oklab_and_back_is_the_same_colour() -> None:
    chance = np.random.default_rng(3)
    rgb = chance.integers(0, 256, (64, 64, 3), np.uint8)
    assert np.abs(from_oklab(to_oklab(rgb)).astype(int) - rgb).max() <= 1


def test_a_large_picture_is_recoloured_as_a_small_one() -> None:
    small = still_life(256)
    large = Raster(np.repeat(np.repeat(small.rgb, 5, 0), 5, 1))  # more than one band
    one, other = (edit(picture, "change the red to blue").rgb for picture in (small, large))
    assert np.abs(other[2::5, 2::5].astype(int) - one).max() <= 3
