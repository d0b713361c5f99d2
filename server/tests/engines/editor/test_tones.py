"""Light and filters: what each does to the numbers of a picture."""

import numpy as np
import pytest
from PIL import Image

from engines.editor.measures import colourfulness, contrast, edit, luma, mean, roughness
from engines.editor.scenes import grey_picture, landscape, still_life
from fondaco.engines.editor.pixels.raster import Raster

SCENE = landscape()


@pytest.mark.parametrize(
    ("more", "less", "measure"),
    [
        ("brighter", "darker", luma),
        ("more contrast", "less contrast", contrast),
        ("more saturated", "less saturated", colourfulness),
        ("sharper", "blurrier", roughness),
        ("grainy", "denoise", roughness),
    ],
)
def test_a_level_goes_up_and_down(more: str, less: str, measure: type[float]) -> None:
    up, here, down = (measure(one.rgb) for one in (edit(SCENE, more), SCENE, edit(SCENE, less)))
    assert up > 1.05 * here > 1.1 * down


@pytest.mark.parametrize("words", ["brighter", "darker", "more contrast", "more vivid", "warmer"])
def test_a_level_follows_its_degree(words: str) -> None:
    def change(degree: str) -> float:
        return float(np.abs(edit(SCENE, f"{degree} {words}").rgb.astype(int) - SCENE.rgb).mean())

    little, usual, much = change("slightly"), change(""), change("a lot")
    assert 1 < little < 0.8 * usual < 0.8 * much


def test_black_and_white_stay_what_they_are_when_it_gets_brighter() -> None:
    ends = Raster(np.array([[[0, 0, 0], [255, 255, 255], [100, 100, 100]]], np.uint8))
    for words in ("much brighter", "much darker"):
        result = edit(ends, words).rgb
        assert result[0, 0].tolist() == [0, 0, 0]
        assert result[0, 1].tolist() == [255, 255, 255]


def test_warmth_moves_between_red_and_blue() -> None:
    warm, cool = mean(edit(SCENE, "warmer").rgb), mean(edit(SCENE, "cooler").rgb)
    red, _, blue = mean(SCENE.rgb)
    assert warm[0] - warm[2] > red - blue + 15
    assert cool[0] - cool[2] < red - blue - 15


def test_greyscale_has_no_colour_and_the_same_light() -> None:
    result = edit(SCENE, "black and white").rgb
    assert colourfulness(result) == 0
    assert luma(result) == pytest.approx(luma(SCENE.rgb), abs=1)


def test_inverting_twice_gives_the_picture_back() -> None:
    once = edit(SCENE, "invert")
    assert (once.rgb == 255 - SCENE.rgb).all()
    assert (edit(once, "invert").rgb == SCENE.rgb).all()


@pytest.mark.parametrize("words", ["sepia", "vintage"])
def test_old_photographs_are_brownish(words: str) -> None:
    red, green, blue = mean(edit(SCENE, words).rgb)
    assert red > green > blue
    assert colourfulness(edit(SCENE, words).rgb) < colourfulness(SCENE.rgb)


def test_grain_comes_from_the_seed() -> None:
    one, again, other = (edit(SCENE, "add film grain", seed=seed).rgb for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()
    assert luma(one) == pytest.approx(luma(SCENE.rgb), abs=2)


def test_a_vignette_darkens_the_corners_alone() -> None:
    plain = Raster(np.full((200, 300, 3), 200, np.uint8))
    result = edit(plain, "add a vignette").rgb
    assert luma(result[:8, :8]) < 100
    assert luma(result[95:105, 145:155]) == pytest.approx(200, abs=1)


def test_pixelating_leaves_squares_of_one_colour() -> None:
    result = edit(SCENE, "pixelate it").rgb
    assert (result[:4, :4] == result[0, 0]).all()
    assert len(np.unique(result.reshape(-1, 3), axis=0)) <= 64 * 64
    assert len(np.unique(edit(SCENE, "heavily pixelate it").rgb.reshape(-1, 3), axis=0)) < 40 * 40


def test_posterizing_leaves_a_few_colours() -> None:
    assert len(np.unique(edit(SCENE, "posterize").rgb.reshape(-1, 3), axis=0)) <= 9


def test_a_sketch_is_grey_lines_on_light_paper() -> None:
    result = edit(SCENE, "pencil sketch").rgb
    assert luma(result) > 170
    assert colourfulness(result) < 12
    tower_edge = result[100, round(0.6 * 256) - 4 : round(0.6 * 256) + 8]
    assert int(tower_edge.min()) < 120


def test_edges_glow_on_black() -> None:
    result = edit(still_life(), "detect the edges").rgb
    assert luma(result) < 40
    assert int(result[128, 60:80].max()) > 120  # the ball begins here
    assert int(result[128, 20:50].max()) < 30


def test_a_cartoon_is_flat_between_its_lines() -> None:
    noisy = edit(SCENE, "add a lot of grain")
    result = edit(noisy, "cartoon").rgb
    assert roughness(result[:150, :140]) < 0.4 * roughness(noisy.rgb[:150, :140])
    assert colourfulness(result) > 0.9 * colourfulness(SCENE.rgb)


def test_a_relief_is_grey_where_nothing_is() -> None:
    result = edit(still_life(), "emboss").rgb
    assert result[10, 10].tolist() == [128, 128, 128]
    assert contrast(result[60:200, 60:200]) > 5


def test_solarizing_turns_the_lights_over() -> None:
    ramp = Raster(np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(3, 2))
    result = edit(ramp, "solarize").rgb[0, :, 0]
    assert result[0] <= 2
    assert result[255] <= 2
    assert result[127] > 250


def test_enhancing_uses_all_tones_of_a_flat_picture() -> None:
    flat = Raster(
        np.asarray(Image.fromarray(SCENE.rgb).point([60 + one // 4 for one in range(256)] * 3))
    )
    result = edit(flat, "enhance").rgb
    assert contrast(result) > 1.6 * contrast(flat.rgb)


def test_enhancing_a_good_picture_changes_little() -> None:
    result = edit(SCENE, "enhance").rgb
    assert abs(luma(result) - luma(SCENE.rgb)) < 25


def test_operations_are_done_in_their_order() -> None:
    first = edit(SCENE, "make it grey, then tint it red").rgb
    last = edit(SCENE, "tint it red, then make it grey").rgb
    assert colourfulness(first) > 20
    assert colourfulness(last) == 0


def test_a_mask_is_blended_by_its_opacity() -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[:, 128:] = 255
    mask[:, 120:128] = 128
    result = edit(SCENE, "invert", mask=mask).rgb
    assert (result[:, 128:] == SCENE.rgb[:, 128:]).all()
    assert (result[:, :120] == 255 - SCENE.rgb[:, :120]).all()
    assert np.abs(result[:, 120:128].astype(int) - 127).max() <= 2


def test_transparency_survives_what_changes_colours() -> None:
    alpha = np.linspace(0, 255, 256 * 256).astype(np.uint8).reshape(256, 256)
    clear = Raster(SCENE.rgb, alpha)
    for prompt in ("sepia", "blur it", "more vivid", "pixelate it", "make it blue"):
        result = edit(clear, prompt)
        assert result.alpha is not None
        assert (result.alpha == alpha).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 2)])
@pytest.mark.parametrize(
    "prompt",
    [
        "blur it",
        "sharpen",
        "denoise",
        "grainy",
        "vignette effect",
        "pixelate it",
        "posterize",
        "sketch",
        "cartoon",
        "detect edges",
        "emboss",
        "enhance",
        "vintage",
        "colorize",
        "make it red",
        "polaroid",
        "rotate by 30 degrees",
        "crop to a square",
        "resize to 5x7",
    ],
)
def test_the_smallest_pictures_are_edited_too(prompt: str, size: tuple[int, int]) -> None:
    small = Raster(np.full((*size, 3), 90, np.uint8))
    result = edit(small, prompt)
    assert result.rgb.ndim == 3
    assert result.rgb.size > 0


def test_a_grey_picture_gets_warm_lights_and_cool_shadows() -> None:
    grey = grey_picture()
    result = edit(grey, "Colorize").rgb
    red, _, blue = mean(result[grey.rgb[..., 0] > 150])
    assert red > blue + 10
    assert luma(result) == pytest.approx(luma(grey.rgb), abs=14)
    dark = Raster(np.full((8, 8, 3), 12, np.uint8))
    red, _, blue = mean(edit(dark, "colorize").rgb)
    assert blue > red


def test_a_coloured_picture_that_is_colourized_is_more_vivid() -> None:
    assert colourfulness(edit(SCENE, "Colorize").rgb) > 1.2 * colourfulness(SCENE.rgb)
