"""Enhancing: what creativity, replication and the prompt do can be seen, and grows with their value."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageFilter

from fondaco.domain.media.image_upscale import Enhancement
from fondaco.engines.common.style_network import STYLES
from fondaco.engines.upscaler.enhancing import redrawing
from fondaco.engines.upscaler.enhancing.grading import graded
from fondaco.engines.upscaler.enhancing.looks import Look, _document, _looks, read
from fondaco.engines.upscaler.network import UpscalerNetworks
from fondaco.engines.upscaler.planes import Pixels
from fondaco.engines.upscaler.upscaling import Upscaled, upscale

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


@pytest.fixture(autouse=True)
def _small_sketches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pictures of 96 pixels treated as those of 512 are."""
    monkeypatch.setattr(redrawing, "_LEAST_SIDE", 24)
    monkeypatch.setattr(redrawing, "STYLED_PIXELS", 96 * 96)


@pytest.fixture(scope="module")
def plain(networks: UpscalerNetworks, picture: Pixels) -> Pixels:
    return upscale(picture, 192, 144, networks).pixels


def enhanced(
    networks: UpscalerNetworks,
    picture: Pixels,
    creativity: float = 0.5,
    prompt: str = "",
    *,
    replication: float = 0.35,
    scale: int = 2,
) -> Upscaled:
    height, width = picture.shape[:2]
    enhancement = Enhancement(creativity, prompt, replication)
    return upscale(picture, scale * width, scale * height, networks, enhancement)


def distance(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def lines(picture: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the details of a picture's brightness at a size of 96 x 72."""
    grey = Image.fromarray(picture).convert("L").resize((96, 72), Image.Resampling.LANCZOS)
    soft = grey.filter(ImageFilter.GaussianBlur(3))
    own, around = (np.asarray(image).astype(np.float64) for image in (grey, soft))
    return own - around


@pytest.mark.parametrize("prompt", ["", "gold", "menacing", "watercolour"])
def test_more_creativity_changes_more(
    networks: UpscalerNetworks, picture: Pixels, plain: Pixels, prompt: str
) -> None:
    found = [distance(enhanced(networks, picture, c, prompt).pixels, plain) for c in STEPS]
    assert all(less < more for less, more in pairwise(found)), found
    assert found[-1] > 5


@pytest.mark.parametrize("creativity", [0.0, 0.5, 1.0])
def test_more_replication_keeps_more_lines_and_noise(
    networks: UpscalerNetworks, picture: Pixels, creativity: float
) -> None:
    own = lines(picture)
    found = [
        np.abs(lines(enhanced(networks, picture, creativity, replication=r).pixels) - own).mean()
        for r in STEPS
    ]
    assert all(more > less for more, less in pairwise(found)), found
    assert found[-1] < 0.75 * found[0]


def test_replication_brings_no_colours_back(networks: UpscalerNetworks, picture: Pixels) -> None:
    result = enhanced(networks, picture, 1.0, "black and white", replication=1.0).pixels.astype(int)
    assert np.abs(result - result.mean(2, keepdims=True)).max() <= 2


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_an_enhanced_picture_has_the_size_that_was_asked_for(
    networks: UpscalerNetworks, picture: Pixels, scale: int
) -> None:
    result = enhanced(networks, picture, 1.0, "marble", scale=scale).pixels
    assert result.shape == (72 * scale, 96 * scale, 3)
    assert (
        distance(result, np.asarray(Image.fromarray(picture).resize((96 * scale, 72 * scale)))) > 10
    )


def test_gold_is_golden(networks: UpscalerNetworks, picture: Pixels) -> None:
    red, green, blue = enhanced(networks, picture, 1.0, "gold").pixels.mean((0, 1))
    assert red > green > blue + 40


def test_a_menacing_picture_is_darker_and_its_corners_most(
    networks: UpscalerNetworks, picture: Pixels, plain: Pixels
) -> None:
    result = enhanced(networks, picture, 0.8, "angry, menacing").pixels
    assert result.mean() < plain.mean() - 20
    assert result[:20, :20].mean() < plain[:20, :20].mean() - 40


def test_a_style_repaints_the_picture(networks: UpscalerNetworks, picture: Pixels) -> None:
    mosaic, wave = (enhanced(networks, picture, 1.0, p).pixels for p in ("mosaic", "great wave"))
    assert distance(mosaic, wave) > 10


@pytest.mark.parametrize("name", sorted(_looks()))
def test_every_look_changes_the_picture(
    networks: UpscalerNetworks, picture: Pixels, name: str
) -> None:
    result = graded(picture, [_looks()[name]], 1.0, networks.restyle)
    assert distance(result, picture) > 3
    half = graded(picture, [_looks()[name]], 0.5, networks.restyle)
    assert 1 < distance(half, picture) < distance(result, picture)


def test_every_look_is_written_with_fields_that_there_are() -> None:
    known = {"words", *Look.__dataclass_fields__}
    assert {key for entry in _document().values() for key in entry} <= known
    assert {look.style for look in _looks().values()} - {""} <= STYLES.keys()


def test_every_word_names_one_look() -> None:
    words = [w for n, e in _document().items() for w in (n.replace("_", " "), *e.get("words", ()))]
    assert len(words) == len(set(words))
    for name, entry in _document().items():
        for word in entry.get("words", ()):
            assert read(word.upper()).looks == (_looks()[name],), word


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("gold", ["gold"]),
        ("a statue made of GOLD, very detailed", ["marble", "gold", "sharp"]),
        ("angry, menacing", ["menacing"]),
        ("black and white", ["monochrome"]),
        ("black marble, not gold", ["obsidian"]),
        ("without fire", []),
        ("\N{FULLWIDTH DIGIT FOUR}\N{FULLWIDTH LATIN CAPITAL LETTER K} ice", ["sharp", "ice"]),
        ("gold silver bronze marble", ["gold", "silver", "bronze"]),
    ],
)
def test_a_prompt_is_read_for_the_looks_that_it_names(prompt: str, names: list[str]) -> None:
    reading = read(prompt)
    assert reading.looks == tuple(_looks()[name] for name in names)
    assert reading.understood


def test_a_prompt_of_which_nothing_is_known_is_told_and_changes_nothing(
    networks: UpscalerNetworks, picture: Pixels
) -> None:
    unknown = enhanced(networks, picture, 0.5, "qwrtp zzyx")
    without = enhanced(networks, picture, 0.5, "")
    assert (unknown.understood, without.understood) == (False, True)
    assert (unknown.pixels == without.pixels).all()


def test_the_same_enhancement_gives_the_same_bytes(
    networks: UpscalerNetworks, picture: Pixels
) -> None:
    first, second = (enhanced(networks, picture, 0.9, "mosaic, marble").pixels for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (3, 2)])
def test_strips_and_dots_are_enhanced(networks: UpscalerNetworks, shape: tuple[int, int]) -> None:
    strip = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    result = enhanced(networks, strip, 1.0, "marble, fire, mosaic").pixels
    assert result.shape == (2 * shape[0], 2 * shape[1], 3)


def test_pieces_of_a_large_picture_show_no_seams(
    networks: UpscalerNetworks, picture: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = "marble, sepia, dreamy"
    whole = enhanced(networks, picture, 1.0, prompt).pixels
    base = "fondaco.engines.upscaler"
    monkeypatch.setattr(f"{base}.enhancing.grading._SIDE", 17)
    monkeypatch.setattr(f"{base}.enhancing.redrawing._GRAIN_SIDE", 31)
    monkeypatch.setattr(f"{base}.enlarging._RESTORED_SIDE", 80)
    parted = enhanced(networks, picture, 1.0, prompt).pixels
    assert np.abs(parted.astype(int) - whole).max() <= 12
    assert distance(parted, whole) < 0.6
