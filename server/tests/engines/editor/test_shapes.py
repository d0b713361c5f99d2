"""Turns, crops, sizes and frames, by the dimensions of what comes out."""

import numpy as np
import pytest

from engines.editor.measures import edit, share
from engines.editor.scenes import landscape
from fondaco.engines.editor.errors import UnsuitedError
from fondaco.engines.editor.pixels import shapes
from fondaco.engines.editor.pixels.raster import Raster
from fondaco.engines.editor.pixels.shapes import fitted

PICTURE = landscape(120, 80)


@pytest.mark.parametrize(
    ("prompt", "width", "height"),
    [
        ("rotate left", 80, 120),
        ("rotate by 180 degrees", 120, 80),
        ("flip", 120, 80),
        ("crop to a square", 80, 80),
        ("crop to 16:9", 120, 68),
        ("crop to 1:2", 40, 80),
        ("crop to 60x40", 60, 40),
        ("crop the left half", 60, 80),
        ("crop 10% from each side", 96, 64),
        ("crop to the center 50 percent", 60, 40),
        ("resize to 200x100", 200, 100),
        ("resize to 60 pixels wide", 60, 40),
        ("resize to a height of 160", 240, 160),
        ("resize to 50%", 60, 40),
        ("twice as large", 240, 160),
        ("zoom in 2x", 120, 80),
        ("add a 10 px border", 140, 100),
        ("add a border", 128, 88),
        ("polaroid", 130, 103),
        ("rotate left and crop to a square and resize to 50%", 40, 40),
    ],
)
def test_the_result_has_the_size_that_the_words_say(prompt: str, width: int, height: int) -> None:
    result = edit(PICTURE, prompt)
    assert (result.width, result.height) == (width, height)


def test_a_quarter_turn_moves_every_pixel_and_changes_none() -> None:
    assert (edit(PICTURE, "rotate right").rgb == np.rot90(PICTURE.rgb, -1)).all()
    assert (edit(PICTURE, "rotate left").rgb == np.rot90(PICTURE.rgb)).all()
    assert (edit(PICTURE, "turn it upside down").rgb == PICTURE.rgb[::-1, ::-1]).all()
    assert (edit(PICTURE, "rotate by 360 degrees").rgb == PICTURE.rgb).all()


def test_mirrors() -> None:
    assert (edit(PICTURE, "flip it").rgb == PICTURE.rgb[:, ::-1]).all()
    assert (edit(PICTURE, "flip it vertically").rgb == PICTURE.rgb[::-1]).all()


def test_a_tilt_keeps_the_whole_picture_and_has_transparent_corners() -> None:
    result = edit(PICTURE, "rotate by 45 degrees")
    assert result.width == pytest.approx(200 / 2**0.5, abs=3)
    assert result.alpha is not None
    assert result.alpha[0, 0] == 0
    assert share(result.alpha) * result.width * result.height == pytest.approx(9600, rel=0.05)


def test_a_tilt_to_the_right_lowers_the_right_side() -> None:
    half = np.zeros((101, 101, 3), np.uint8)
    half[:51] = 255  # the upper half is white
    result = edit(Raster(half), "rotate right by 20 degrees").rgb
    middle = result.shape[0] // 2
    assert result[middle, -25, 0] == 255
    assert result[middle, 25, 0] == 0


def test_a_frame_surrounds_the_picture() -> None:
    result = edit(PICTURE, "add a 6px red border")
    assert (result.rgb[6:-6, 6:-6] == PICTURE.rgb).all()
    assert result.rgb[0, 50].tolist() == result.rgb[-1, 50].tolist() == [214, 32, 38]


def test_round_corners_are_transparent() -> None:
    result = edit(PICTURE, "round the corners")
    assert result.alpha is not None
    assert result.alpha[0, 0] == result.alpha[-1, -1] == result.alpha[0, -1] == 0
    assert (result.alpha[10:-10, 10:-10] == 255).all()
    circle = edit(PICTURE, "crop it to a circle")
    assert (circle.width, circle.height) == (80, 80)
    assert share(circle.alpha) == pytest.approx(3.1416 / 4, abs=0.01)


def test_a_size_is_filled_without_distortion() -> None:
    square = np.zeros((100, 300, 3), np.uint8)
    square[:, 100:200] = 255
    result = fitted(Raster(square), 50, 50)
    assert (result.rgb > 250).mean() > 0.95  # the middle, and not all of it squeezed


@pytest.mark.parametrize("prompt", ["crop to 200x50", "resize to 9000x9000", "resize to 9000%"])
def test_what_is_too_large_is_refused(prompt: str) -> None:
    with pytest.raises(UnsuitedError):
        edit(PICTURE, prompt)


@pytest.mark.parametrize(
    "prompt", ["add a thick border", "add a 5 px border", "rotate by 30 degrees"]
)
def test_a_picture_of_the_largest_size_is_reduced_where_it_grows(
    prompt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = PICTURE.width * PICTURE.height
    monkeypatch.setattr(shapes, "MOST_PIXELS", most)
    result = edit(PICTURE, prompt)
    assert 0.6 * most < result.width * result.height <= most
