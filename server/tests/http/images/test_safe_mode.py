"""Safe mode over HTTP: adult images are blurred, which a header tells, unless the request turns it off."""

from base64 import b64decode
from collections.abc import AsyncGenerator
from contextlib import aclosing
from io import BytesIO

import pytest
from PIL import Image

from adult_looking import taken_for_adult
from fondaco.domain.media.picture import Pixels
from fondaco.imaging.codec import CLASSIFIER_FILE, PillowCodec
from house import TOY, House, house
from program import model_file
from toy_painter import AN_IMAGE, TOY_IMAGES, ToyPainter

pytestmark = pytest.mark.skipif(
    not model_file(CLASSIFIER_FILE).is_file(),
    reason="The classifier is not here: fondaco models pull opennsfw",
)
ADULT = taken_for_adult()
NAMED, BLURRED = "x-fondaco-ignored-params", "x-venice-is-blurred"


@pytest.fixture
def painter() -> ToyPainter:
    return ToyPainter()


@pytest.fixture
async def one(painter: ToyPainter) -> AsyncGenerator[House]:
    codec = PillowCodec(models_folder=model_file(CLASSIFIER_FILE).parent)
    engines = {"toy-brush": painter}
    async with (
        aclosing(codec),
        house(models=(TOY, TOY_IMAGES), image_engines=engines, image_codec=codec) as found,
    ):
        yield found


def pixels_of(base64: str) -> bytes:
    with Image.open(BytesIO(b64decode(base64))) as image:
        return image.convert("RGB").tobytes()


async def test_an_adult_image_is_blurred_and_charged(one: House, painter: ToyPainter) -> None:
    body = {"model": "default", "prompt": "A heron", "width": 256, "height": 256, "format": "png"}
    for safe_mode, blurred in ((None, True), (True, True), (False, False)):
        painter.next = [None, Pixels(256, 256, ADULT.tobytes())]
        asked = body if safe_mode is None else {**body, "safe_mode": safe_mode}
        reply = await one.client.post("/api/v1/image/generate", json={**asked, "variants": 2})
        plain, adult = reply.json()["images"]
        assert (pixels_of(adult) != ADULT.tobytes()) is blurred
        assert len(set(pixels_of(plain))) <= 6  # two colours
        assert reply.headers.get(BLURRED) == ("true" if blurred else None)
        assert "safe_mode" not in reply.headers.get(NAMED, "")
    assert sum(charge.amount for charge in one.charges()) == -6 * AN_IMAGE


@pytest.mark.parametrize("moderation", [None, "auto", "low"])
async def test_openais_moderation_means_the_same(
    one: House, painter: ToyPainter, moderation: str | None
) -> None:
    body = {"prompt": "A heron", "size": "256x256"}
    for picture, adult in ((None, False), (Pixels(256, 256, ADULT.tobytes()), True)):
        painter.next = [picture]
        asked = body if moderation is None else {**body, "moderation": moderation}
        reply = await one.client.post("/api/v1/images/generations", json=asked)
        told = None if moderation == "low" else str(adult).lower()
        assert reply.headers.get(BLURRED) == told
        assert "moderation" not in reply.headers.get(NAMED, "")
        shown = pixels_of(reply.json()["data"][0]["b64_json"])
        assert (shown == ADULT.tobytes()) is (adult and moderation == "low")
