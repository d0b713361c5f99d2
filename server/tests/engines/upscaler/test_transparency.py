"""Transparency: alpha is enlarged on its own, and what lies under clear pixels never shows."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fondaco.domain.media.image_upscale import Enhancement
from fondaco.engines.upscaler import transparency
from fondaco.engines.upscaler.network import UpscalerNetworks
from fondaco.engines.upscaler.planes import Pixels
from fondaco.engines.upscaler.transparency import filled
from fondaco.engines.upscaler.upscaling import upscale


@pytest.fixture
def cut_out() -> Pixels:
    """A red disc on nothing, where "nothing" is black."""
    image = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((60, 60, 200, 200), (220, 40, 30, 255))
    return np.asarray(image.resize((64, 64), Image.Resampling.LANCZOS))


def test_an_opaque_picture_stays_opaque(networks: UpscalerNetworks, picture: Pixels) -> None:
    alpha = np.full((*picture.shape[:2], 1), 255, np.uint8)
    result = upscale(np.concatenate((picture, alpha), 2), 192, 144, networks).pixels
    assert (result[..., 3] == 255).all()
    assert (result[..., :3] == upscale(picture, 192, 144, networks).pixels).all()


def test_a_cut_out_keeps_its_form_with_sharper_edges(
    networks: UpscalerNetworks, cut_out: Pixels
) -> None:
    result = upscale(cut_out, 256, 256, networks).pixels
    alpha = result[..., 3]
    assert (alpha[128, 128], alpha[5, 5], alpha[250, 128]) == (255, 0, 0)
    assert alpha.mean() == pytest.approx(cut_out[..., 3].mean(), rel=0.01)
    filtered = np.asarray(
        Image.fromarray(cut_out[..., 3]).resize((256, 256), Image.Resampling.LANCZOS)
    )
    between = ((alpha > 16) & (alpha < 240)).sum()
    assert between < 0.8 * ((filtered > 16) & (filtered < 240)).sum()


def test_what_lies_under_clear_pixels_does_not_show(
    networks: UpscalerNetworks, cut_out: Pixels
) -> None:
    result = upscale(cut_out, 256, 256, networks).pixels
    visible = result[result[..., 3] > 32][:, :3].astype(int)
    assert np.abs(visible - (220, 40, 30)).max() < 40


@pytest.mark.parametrize("side", [1, 2, 3, 37, 64])
def test_clear_pixels_take_the_colours_around_them(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transparency, "_BAND_ROWS", 8)
    picture = np.zeros((side, side, 4), np.uint8)
    picture[0, 0] = (10, 200, 90, 255)
    assert np.abs(filled(picture).astype(int) - (10, 200, 90)).max() <= 1


def test_a_picture_of_nothing_but_clear_pixels_stays_clear(networks: UpscalerNetworks) -> None:
    result = upscale(np.zeros((20, 30, 4), np.uint8), 60, 40, networks).pixels
    assert (result == 0).all()


def test_half_clear_pixels_stay_half_clear(networks: UpscalerNetworks, picture: Pixels) -> None:
    ramp = np.broadcast_to(np.linspace(0, 255, 96).astype(np.uint8)[None, :, None], (72, 96, 1))
    result = upscale(np.concatenate((picture, ramp), 2), 192, 144, networks).pixels
    wanted = np.repeat(ramp[0, :, 0], 2).astype(int)
    assert np.abs(result[70, 8:-8, 3] - wanted[8:-8]).max() <= 6


def test_enhancing_leaves_the_form_alone(networks: UpscalerNetworks, cut_out: Pixels) -> None:
    result = upscale(cut_out, 128, 128, networks, Enhancement(1.0, "gold", 0.0)).pixels
    assert (result[..., 3] == upscale(cut_out, 128, 128, networks).pixels[..., 3]).all()
