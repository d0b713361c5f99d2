"""Calls for images that are cancelled wherever they wait: settled, and their pictures' memory given back."""

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest
from PIL import Image

import house as houses
from cancelled_calls import cancelled, settled
from fondaco.domain.media.image_file import Header
from fondaco.domain.media.picture import Encoding, Picture, Pixels, Protected, SafeFile
from fondaco.imaging.reading import pixels_of
from fondaco.imaging.writing import file_of, fitted, restored
from house import TOY, House
from money_world import CancellableJournal
from picture_house import EDIT, EDITS, UPSCALE, base64, picture, saved, world
from toy_editors import AN_IMAGE, TOY_EDITOR, TOY_UPSCALER
from toy_painter import TOY_IMAGES, ToyPainter

GENERATE = "/api/v1/image/generate"
FILE, MASK = picture(), saved(Image.new("RGBA", (256, 256)))
CASES: dict[str, tuple[str, dict[str, object], int]] = {
    "generate": (GENERATE, {"model": "toy-painter", "prompt": "A heron", "variants": 2}, AN_IMAGE),
    "edit": (
        EDITS,
        {"prompt": "Invert", "image": base64(FILE), "mask": base64(MASK), "n": 2},
        4 * AN_IMAGE,
    ),
    "address": (EDIT, {"prompt": "Invert", "image": "https://example.com/a.png"}, 4 * AN_IMAGE),
    "upscale": (UPSCALE, {"image": base64(FILE)}, 2 * AN_IMAGE),
}
"""Path, body, and the price of each picture."""
MOST_WAITS = 80
PICTURE_BYTES = 2 * 2**20
"""What one call may hold: memory that is not given back ends the next one."""


class CodecInProcess:
    """The codec's own functions without its children, which each cancellation would end."""

    def expect_installed(self) -> None:
        return

    async def decode(self, file: bytes, header: Header, most_pixels: int) -> Pixels:
        await anyio.lowlevel.checkpoint()
        return pixels_of(file, header, most_pixels)

    async def encode(
        self,
        picture: Picture,
        width: int,
        height: int,
        encoding: Encoding,
        protected: Protected | None = None,
    ) -> bytes:
        await anyio.lowlevel.checkpoint()
        image = fitted(picture, width, height)
        return file_of(image if protected is None else restored(image, protected), encoding)

    async def encode_safely(
        self, picture: Picture, width: int, height: int, encoding: Encoding
    ) -> SafeFile:
        return SafeFile(await self.encode(picture, width, height, encoding), blurred=False)


class SlowWeb:
    """Fetches one picture, whatever the address."""

    async def fetch(self, url: str, media_types: Collection[str]) -> bytes:
        await anyio.lowlevel.checkpoint()
        return FILE

    async def expect_public(self, url: str) -> None:
        return


@asynccontextmanager
async def cancellable(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[House]:
    monkeypatch.setattr(houses, "MemoryJournal", CancellableJournal)
    async with world(
        models=(TOY, TOY_IMAGES, TOY_EDITOR, TOY_UPSCALER),
        image_engines={"toy-brush": ToyPainter()},
        image_codec=CodecInProcess(),
        files=SlowWeb(),
        concurrent_calls=1,
        picture_memory_bytes=PICTURE_BYTES,
    ) as one:
        yield one


@pytest.mark.parametrize("case", CASES)
async def test_a_call_that_is_cancelled_at_any_of_its_waits_is_settled(
    monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    path, body, price = CASES[case]
    totals: set[int] = set()
    async with cancellable(monkeypatch) as one:
        for at in range(1, MOST_WAITS):
            before = len(one.charges())
            waits, _ = await cancelled(one, path, body, f"key-{at}", at)
            charges = await settled(one, body, path, f"key-{at}", before)
            totals.add(-sum(charge.amount for charge in charges))
            if waits < at:
                break
    assert 5 < at < MOST_WAITS
    pictures = 2 if 2 in body.values() else 1
    assert totals == {price * made for made in range(pictures + 1)}, (
        "all that was complete, no more"
    )
