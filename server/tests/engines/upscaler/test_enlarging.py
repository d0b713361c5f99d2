"""Enlarging: exact sizes, sharp edges, no seams, the picture's own colours."""

import numpy as np
import pytest
from PIL import Image

from fondaco.engines.upscaler import enlarging, upscaling
from fondaco.engines.upscaler.network import UpscalerNetworks
from fondaco.engines.upscaler.planes import Pixels, scaled
from fondaco.engines.upscaler.upscaling import upscale


def lanczos(picture: Pixels, width: int, height: int) -> Pixels:
    image = Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image)


def sharpness(picture: Pixels) -> float:
    """Return how steep edges are: the mean of the steepest hundredth of all steps."""
    grey = picture.mean(2)
    steps = np.sort(np.abs(np.diff(grey, axis=1)).ravel())
    return float(steps[-steps.size // 100 :].mean())


@pytest.mark.parametrize(
    ("width", "height"), [(96, 72), (97, 73), (131, 98), (192, 144), (250, 187), (384, 288)]
)
def test_a_result_has_exactly_the_size_that_was_asked_for(
    networks: UpscalerNetworks, picture: Pixels, width: int, height: int
) -> None:
    assert upscale(picture, width, height, networks).pixels.shape == (height, width, 3)


@pytest.mark.parametrize(("width", "height"), [(192, 144), (288, 216), (384, 288)])
def test_edges_are_sharper_than_those_of_a_filter(
    networks: UpscalerNetworks, picture: Pixels, width: int, height: int
) -> None:
    result = upscale(picture, width, height, networks).pixels
    assert sharpness(result) > 1.2 * sharpness(lanczos(picture, width, height))


def test_noise_in_flat_areas_is_weaker_than_that_of_a_filter(
    networks: UpscalerNetworks, picture: Pixels
) -> None:
    def noise(result: Pixels) -> float:
        sky = result[4:40, 260:380].astype(float).mean(2)
        return float(np.diff(sky, axis=1).std())

    result = upscale(picture, 384, 288, networks).pixels
    assert noise(result) < 0.9 * noise(lanczos(picture, 384, 288))


def test_colours_are_the_pictures_own(networks: UpscalerNetworks, picture: Pixels) -> None:
    result = upscale(picture, 384, 288, networks).pixels
    assert np.abs(result.mean((0, 1)) - picture.mean((0, 1))).max() < 0.3
    quarters = lanczos(result, 4, 3).astype(int) - lanczos(picture, 4, 3)
    assert np.abs(quarters).max() <= 2


def test_tiles_leave_no_seams(
    networks: UpscalerNetworks, picture: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enlarging, "_SIDE", 20)
    parted = upscale(picture, 300, 225, networks).pixels.astype(int)
    monkeypatch.setattr(enlarging, "_SIDE", 200)
    whole = upscale(picture, 300, 225, networks).pixels
    differences = np.abs(parted - whole)
    assert differences.max() <= 4
    assert differences.mean() < 0.1


def test_a_flat_picture_stays_what_it_is(networks: UpscalerNetworks) -> None:
    flat = np.full((40, 50, 3), (201, 99, 3), np.uint8)
    result = upscale(flat, 137, 110, networks).pixels
    assert (result == (201, 99, 3)).all()


def test_a_grey_picture_stays_grey(networks: UpscalerNetworks, picture: Pixels) -> None:
    result = upscale(np.repeat(picture[..., 1:2], 3, -1), 250, 187, networks).pixels
    assert (result == result[..., :1]).all()


def test_the_same_picture_gives_the_same_bytes(networks: UpscalerNetworks, picture: Pixels) -> None:
    first, second = (upscale(picture, 250, 187, networks).pixels for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 3), (5, 700), (1, 3000)])
def test_strips_and_dots_are_enlarged(networks: UpscalerNetworks, shape: tuple[int, int]) -> None:
    strip = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    height, width = shape[0] * 4, shape[1] * 3
    result = upscale(strip, width, height, networks).pixels
    assert result.shape == (height, width, 3)
    assert np.abs(result.mean((0, 1)) - strip.mean((0, 1))).max() < 12


def test_a_picture_too_large_for_the_network_gets_sharper_edges_all_the_same(
    networks: UpscalerNetworks, picture: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upscaling, "MOST_DRAWN", 96 * 72 - 1)
    result = upscale(picture, 130, 98, networks).pixels
    filtered = lanczos(picture, 130, 98)
    assert sharpness(result) > 1.05 * sharpness(filtered)
    assert np.abs(result.astype(int) - filtered).mean() < 4


@pytest.mark.parametrize(("width", "height"), [(95, 72), (96, 71), (385, 288), (0, 0), (-1, 72)])
def test_sizes_out_of_bounds_are_refused(
    networks: UpscalerNetworks, picture: Pixels, width: int, height: int
) -> None:
    with pytest.raises(ValueError, match="cannot become"):
        upscale(picture, width, height, networks)


def test_a_result_of_too_many_pixels_is_refused(networks: UpscalerNetworks) -> None:
    with pytest.raises(ValueError, match="more than"):
        upscale(np.zeros((2048, 2049, 3), np.uint8), 4 * 2049, 4 * 2048, networks)


@pytest.mark.parametrize(("width", "height"), [(40, 30), (150, 200), (96, 72), (1, 1), (700, 3)])
def test_scaling_in_bands_is_what_pillow_does_at_once(
    picture: Pixels, width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fondaco.engines.upscaler.planes._BAND_PIXELS", 1000)
    wide = lanczos(picture, width, picture.shape[0])
    at_once = lanczos(wide, width, height).astype(int)
    assert np.abs(scaled(picture, width, height) - at_once).max() <= 1
    grey = scaled(picture[..., :1], width, height)
    assert np.abs(grey[..., 0] - at_once[..., 0]).max() <= 1
