"""Backgrounds and skies: what is found, and what becomes of it."""

from pathlib import Path

import numpy as np
import pytest

from engines.editor.measures import colourfulness, edit, hue, luma, mean, roughness, share
from engines.editor.scenes import landscape, still_life
from fondaco.engines.editor.editing import Networks
from fondaco.engines.editor.errors import FileMissingError, UnsuitedError
from fondaco.engines.editor.pixels.raster import Raster
from fondaco.engines.editor.pixels.sky_region import sky_of
from fondaco.engines.painter.painting import PaintRequest, paint

BALL = slice(100, 156), slice(100, 156)
GROUND = slice(0, 50), slice(0, 50)
SKY, LAND = slice(0, 150), slice(180, 256)
LEFT = slice(0, 140)
"""Of the landscape's columns, without the tower."""


def test_the_background_becomes_transparent(networks: Networks) -> None:
    result = edit(still_life(), "remove the background", networks)
    assert result.alpha is not None
    assert (result.alpha[BALL] == 255).all()
    assert (result.alpha[GROUND] == 0).all()
    ball = 3.1416 * 0.22**2
    assert share(result.alpha) == pytest.approx(ball, abs=0.03)


@pytest.mark.parametrize("colour", ["white", "blue"])
def test_the_background_becomes_one_colour(networks: Networks, colour: str) -> None:
    picture = still_life()
    result = edit(picture, f"make the background {colour}", networks)
    expected = {"white": (255, 255, 255), "blue": (38, 88, 208)}[colour]
    assert result.alpha is None
    assert mean(result.rgb[GROUND]) == pytest.approx(expected, abs=1)
    assert np.abs(result.rgb[BALL].astype(int) - picture.rgb[BALL]).max() <= 1


def test_the_edge_of_what_was_cut_out_has_no_fringe(networks: Networks) -> None:
    result = edit(still_life(), "make the background blue", networks).rgb
    grey = np.abs(result.astype(int) - 150).max(-1) < 25
    assert grey.mean() < 0.002  # nothing is left of the ground


def test_what_is_transparent_already_is_filled(networks: Networks) -> None:
    alpha = np.full((256, 256), 255, np.uint8)
    alpha[:, :100] = 0
    result = edit(Raster(still_life().rgb, alpha), "white background", networks)
    assert result.alpha is None
    assert (result.rgb[:, :95] == 255).all()
    assert (result.rgb[:, 110:] == still_life().rgb[:, 110:]).all()


def test_the_background_alone_is_changed(networks: Networks) -> None:
    chance = np.random.default_rng(5)
    noise = chance.integers(-40, 40, (256, 256, 1))
    rough = Raster(np.clip(still_life().rgb + noise, 0, 255).astype(np.uint8))
    blurred = edit(rough, "blur the background", networks).rgb
    assert roughness(blurred[GROUND]) < 0.2 * roughness(rough.rgb[GROUND])
    assert (blurred[BALL] == rough.rgb[BALL]).all()
    assert mean(blurred[GROUND]) == pytest.approx(mean(rough.rgb[GROUND]), abs=4)
    dark = edit(still_life(), "make the background darker", networks).rgb
    assert luma(dark[GROUND]) < 0.85 * luma(still_life().rgb[GROUND])
    assert (dark[BALL] == still_life().rgb[BALL]).all()


def test_the_subject_alone_is_changed(networks: Networks) -> None:
    result = edit(still_life(), "make the subject black and white", networks).rgb
    assert colourfulness(result[BALL]) == 0
    assert (result[GROUND] == still_life().rgb[GROUND]).all()


def test_a_picture_without_a_subject_is_refused(networks: Networks) -> None:
    with pytest.raises(UnsuitedError, match="stands out"):
        edit(Raster(np.full((128, 128, 3), 128, np.uint8)), "remove the background", networks)


def test_a_network_without_its_file_is_missing(tmp_path: Path) -> None:
    nothing = Networks(tmp_path / "styles.onnx", tmp_path / "subject.onnx")
    with pytest.raises(FileMissingError, match=r"subject\.onnx"):
        edit(still_life(), "remove the background", nothing)
    with pytest.raises(FileMissingError, match=r"styles\.onnx"):
        edit(still_life(), "as a mosaic", nothing)


@pytest.mark.parametrize("size", [(256, 256), (320, 200), (200, 320), (1200, 900)])
def test_the_sky_is_found_down_to_the_horizon_and_around_the_tower(size: tuple[int, int]) -> None:
    width, height = size
    sky = sky_of(landscape(width, height)) > 127
    above, below = round(0.59 * height), round(0.66 * height)
    beside = np.r_[0 : round(0.57 * width), round(0.73 * width) : width]
    assert sky[:above, beside].mean() > 0.99
    assert sky[below:].mean() < 0.005
    assert sky[round(0.3 * height) : above, round(0.62 * width) : round(0.68 * width)].mean() < 0.05


def test_a_sunset_is_warm_below_and_dark_above() -> None:
    picture = landscape()
    result = edit(picture, "change the sky to a sunset").rgb
    assert mean(result[130:150, LEFT])[0] > mean(result[130:150, LEFT])[2] + 80
    assert luma(result[:20, LEFT]) < luma(result[130:150, LEFT]) - 40
    assert np.abs(np.subtract(mean(result[LAND]), mean(picture.rgb[LAND]))).max() < 20


def test_the_documented_sunrise_is_plainly_visible() -> None:
    picture = landscape()
    result = edit(picture, "Change the color of the sky to a sunrise").rgb
    assert np.abs(result[SKY, LEFT].astype(int) - picture.rgb[SKY, LEFT]).mean() > 25
    assert mean(result[125:145, LEFT])[0] > mean(result[125:145, LEFT])[2] + 30


@pytest.mark.parametrize(("colour", "expected"), [("orange", 29), ("pink", 335), ("green", 132)])
def test_a_sky_of_one_colour_has_its_hue(colour: str, expected: float) -> None:
    found = hue(edit(landscape(), f"make the sky {colour}").rgb[SKY, LEFT])
    assert abs((found - expected + 180) % 360 - 180) < 20


def test_clouds_stay_where_they_are() -> None:
    picture, cloud, beside = (
        landscape(),
        (slice(38, 48), slice(50, 75)),
        (slice(38, 48), slice(5, 15)),
    )
    result = edit(picture, "make the sky orange").rgb
    assert luma(picture.rgb[cloud]) > luma(picture.rgb[beside]) + 20
    assert luma(result[cloud]) > luma(result[beside]) + 12


def test_the_stars_of_a_night_come_from_the_seed() -> None:
    one, again, other = (edit(landscape(), "starry night sky", seed=seed).rgb for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()
    assert luma(one[SKY, LEFT]) < 60
    assert int(one[SKY, LEFT].max()) > 120


def test_the_sky_alone_is_darkened() -> None:
    picture = landscape()
    result = edit(picture, "make the sky darker").rgb
    assert luma(result[SKY, LEFT]) < 0.9 * luma(picture.rgb[SKY, LEFT])
    assert (result[LAND] == picture.rgb[LAND]).mean() > 0.99


def test_the_sky_of_a_painting_on_paper_is_found_and_the_paper_stays() -> None:
    paper = np.full((256, 256, 3), (244, 241, 236), np.uint8)
    paper[15:241, 15:241] = landscape(226, 226).rgb
    chance = np.random.default_rng(6)
    for column, deep in enumerate(chance.integers(0, 6, 226), 15):  # a ragged edge
        paper[15 : 15 + deep, column] = paper[0, 0]
    result = edit(Raster(paper), "make the sky orange").rgb
    assert np.abs(result[40:120, 30:120].astype(int) - paper[40:120, 30:120]).mean() > 25
    assert np.abs(result[:12].astype(int) - paper[:12]).max() <= 2
    assert np.abs(result[180:].astype(int) - paper[180:]).mean() < 2


@pytest.mark.parametrize("style", ["watercolor", "oil painting", "van gogh"])
def test_the_skies_of_painted_pictures_are_found(style: str) -> None:
    painted = paint(
        PaintRequest(prompt=f"A farm house on a hill, {style}", width=256, height=256, seed=3)
    )
    picture = np.frombuffer(painted.rgb, np.uint8).reshape(256, 256, 3)
    assert 0.2 < float((sky_of(Raster(picture)) > 127).mean()) < 0.7


@pytest.mark.parametrize(
    "picture",
    [
        Raster(np.random.default_rng(2).integers(0, 256, (128, 128, 3), np.uint8)),
        Raster(np.full((128, 128, 3), 200, np.uint8)),
        Raster(np.zeros((10, 10, 3), np.uint8)),
    ],
    ids=["noise", "one colour", "tiny"],
)
def test_a_picture_without_a_sky_is_refused(picture: Raster) -> None:
    with pytest.raises(UnsuitedError, match="No sky was found"):
        edit(picture, "make the sky orange")
