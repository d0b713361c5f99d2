"""The style network: all its styles, sizes of every kind, and what large pictures keep."""

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="the extra `images` is not installed")

from fondaco.engines.common.style_network import STYLE_FILE, STYLES, Rgb, StyleNetwork
from fondaco.modelfiles import KNOWN
from program import model_file


@pytest.fixture(scope="module")
def network() -> StyleNetwork:
    file = model_file(STYLE_FILE)
    if not file.is_file():
        pytest.skip(f"{file} is missing: run `fondaco models pull fondaco-editor`")
    return StyleNetwork(file)


def landscape(width: int, height: int) -> Rgb:
    """Return a sky over a field, with a sun."""
    ys, xs = np.mgrid[:height, :width]
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = (110, 160, 220)
    picture[ys > height * 0.6] = (70, 120, 50)
    sun = np.hypot(ys - height * 0.25, xs - width * 0.7) < 0.12 * min(width, height)
    picture[sun] = (250, 240, 190)
    return picture


def test_the_file_is_one_that_is_pulled_by_name() -> None:
    assert KNOWN["fondaco-editor"].file_for("model").file == STYLE_FILE


def test_no_style_is_one_that_destroys_pictures() -> None:
    assert len(STYLES) == len(set(STYLES.values())) == 23
    assert set(STYLES.values()) == set(range(26)) - {3, 6, 17}


def test_every_style_makes_another_picture_that_shows_the_same(network: StyleNetwork) -> None:
    picture = landscape(128, 96)
    styled = {style: network.restyled(picture, style) for style in STYLES}
    assert len({one.tobytes() for one in styled.values()}) == len(STYLES)
    for style, one in styled.items():
        assert one.shape == picture.shape
        sky, sun = one[:50, :60].mean((0, 1)), one[20:29, 86:94].mean((0, 1))
        assert np.abs(sun - sky).max() > 12, style  # the sun still stands out


@pytest.mark.parametrize(("width", "height"), [(1, 1), (5, 300), (33, 47), (130, 66), (900, 800)])
def test_a_picture_keeps_its_size(network: StyleNetwork, width: int, height: int) -> None:
    picture = landscape(width, height)
    styled = network.restyled(picture, "watercolour", pixels=128 * 128)
    assert styled.shape == picture.shape
    assert styled.dtype == np.uint8


def test_a_style_is_named_by_its_number_too(network: StyleNetwork) -> None:
    picture = landscape(64, 64)
    assert (network.restyled(picture, 19) == network.restyled(picture, "starry night")).all()


@pytest.mark.parametrize("style", [3, 26, -1, "baroque"])
def test_an_unknown_style_is_an_error(network: StyleNetwork, style: str | int) -> None:
    with pytest.raises(KeyError):
        network.restyled(landscape(64, 64), style)


def test_a_large_picture_keeps_the_detail_that_the_network_did_not_see(
    network: StyleNetwork,
) -> None:
    plain = landscape(512, 512)
    lined = plain.copy()
    lined[::2, 100:400] //= 2  # lines of one pixel, gone once the picture is scaled down
    lined[1::2, 100:400] = np.minimum(lined[1::2, 100:400] * 1.4, 255).astype(np.uint8)

    def roughness(picture: Rgb) -> float:
        return float(np.abs(np.diff(picture[:, 110:390].astype(np.float32), axis=0)).mean())

    few = 128 * 128
    smooth, rough = (network.restyled(one, "impressionism", pixels=few) for one in (plain, lined))
    assert roughness(rough) > 4 * roughness(smooth)


def test_the_same_picture_gives_the_same_bytes(network: StyleNetwork) -> None:
    first, second = (network.restyled(landscape(96, 96), "mosaic") for _ in range(2))
    assert first.tobytes() == second.tobytes()
