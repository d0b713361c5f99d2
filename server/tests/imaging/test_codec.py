"""The image codec: files are written anew from their pixels, and hostile ones cost one child at most."""

import os
import signal
import struct
import zlib
from collections.abc import AsyncGenerator
from io import BytesIO

import anyio
import pytest
from PIL import Image

import toy_pictures
from fondaco.domain.errors import EngineError, EngineUnavailableError, FileNotWrittenError
from fondaco.domain.media.image_file import Format
from fondaco.domain.media.picture import Encoding, PictureFile, Pixels, Protected
from fondaco.imaging.codec import PillowCodec

WEBP, PNG, JPEG = Encoding(Format.WEBP), Encoding(Format.PNG), Encoding(Format.JPEG)
RED = Pixels(8, 4, bytes((200, 10, 10)) * 32)
NAMES = {Format.WEBP: "WEBP", Format.PNG: "PNG", Format.JPEG: "JPEG"}
USER_COMMENT = 0x9286


@pytest.fixture(scope="module")
async def codec() -> AsyncGenerator[PillowCodec]:
    codec = PillowCodec()
    yield codec
    await codec.aclose()


def opened(file: bytes) -> Image.Image:
    with Image.open(BytesIO(file)) as image:
        image.load()
        return image


def saved(image: Image.Image, kind: str, **options: object) -> PictureFile:
    out = BytesIO()
    image.save(out, kind, **options)
    return PictureFile(out.getvalue())


@pytest.mark.parametrize("encoding", [WEBP, PNG, JPEG], ids=lambda one: one.format.value)
async def test_a_file_has_the_format_and_the_pixels(codec: PillowCodec, encoding: Encoding) -> None:
    image = opened(await codec.encode(RED, 8, 4, encoding))
    assert (image.format, image.size, image.mode) == (NAMES[encoding.format], (8, 4), "RGB")
    red, green, blue = image.convert("RGB").getpixel((4, 2))  # type: ignore[misc]  # of three channels
    assert red > 190
    assert max(green, blue) < 30


@pytest.mark.parametrize(
    ("alpha", "left", "right"), [(None, 0, 0), ((0, 255), 200, 0), ((128, 128), 100, 100)]
)
async def test_what_is_protected_is_put_back_as_opaque_as_its_mask(
    codec: PillowCodec, alpha: tuple[int, int] | None, left: int, right: int
) -> None:
    before, edited = Pixels(2, 1, bytes(6)), Pixels(2, 1, bytes((200,)) * 6)
    mask = Pixels(2, 1, bytes(6))
    if alpha is not None:
        mask = Pixels(2, 1, b"".join(bytes((0, 0, 0, one)) for one in alpha), 4)
    file = await codec.encode(edited, 2, 1, PNG, Protected(before, mask))
    seen = [opened(file).getpixel((column, 0)) for column in (0, 1)]
    assert seen == [pytest.approx((grey,) * 3, abs=1) for grey in (left, right)]


async def test_what_is_protected_is_scaled_with_the_picture_and_keeps_its_transparency(
    codec: PillowCodec,
) -> None:
    clear = Pixels(4, 4, bytes((10, 200, 10, 0)) * 16, 4)
    mask = Pixels(4, 4, bytes((0, 0, 0, 255)) * 16, 4)
    image = opened(await codec.encode(RED, 8, 4, PNG, Protected(clear, mask)))
    assert (image.size, image.mode) == ((8, 4), "RGBA")
    assert image.getchannel("A").getextrema() == (0, 0)


async def test_the_same_picture_gives_the_same_bytes(codec: PillowCodec) -> None:
    for encoding in (WEBP, PNG, JPEG):
        first = await codec.encode(RED, 8, 4, encoding)
        assert first == await codec.encode(RED, 8, 4, encoding)


@pytest.mark.parametrize("encoding", [WEBP, JPEG], ids=["webp", "jpeg"])
async def test_less_quality_is_a_smaller_file(codec: PillowCodec, encoding: Encoding) -> None:
    noise = Image.effect_noise((64, 64), 80).convert("RGB")
    picture = Pixels(64, 64, noise.tobytes())
    sizes = [
        len(await codec.encode(picture, 64, 64, Encoding(encoding.format, quality)))
        for quality in (1, 50, 100)
    ]
    assert sizes == sorted(set(sizes))


async def test_transparency_is_kept_where_the_format_has_it(codec: PillowCodec) -> None:
    clear = Pixels(8, 4, bytes((200, 10, 10, 0)) * 32, channels=4)
    assert opened(await codec.encode(clear, 8, 4, PNG)).getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert opened(await codec.encode(clear, 8, 4, WEBP)).getpixel((0, 0))[3] == 0  # type: ignore[index]
    white = opened(await codec.encode(clear, 8, 4, JPEG)).getpixel((0, 0))
    assert min(white) > 250  # type: ignore[arg-type]  # of three channels


@pytest.mark.parametrize("encoding", [WEBP, PNG, JPEG], ids=lambda one: one.format.value)
async def test_nothing_of_a_file_but_its_pixels_is_kept(
    codec: PillowCodec, encoding: Encoding
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "canary in exif"
    image = Image.new("RGB", (8, 4), "red")
    files = [
        PictureFile(toy_pictures.png(8, 4, parameters="canary in a chunk", Comment="/home/canary")),
        saved(image, "JPEG", exif=exif, comment=b"canary in a comment", icc_profile=b"canary" * 40),
        saved(image, "WEBP", exif=exif, xmp=b"<canary/>"),
    ]
    for file in files:
        assert b"canary" in file.data
        written = await codec.encode(file, 8, 4, encoding)
        assert b"canary" not in written
        again = opened(written)
        assert not again.getexif()
        assert not {"parameters", "Comment", "comment", "icc_profile", "xmp", "exif"} & set(
            again.info
        )


@pytest.mark.parametrize("encoding", [WEBP, PNG, JPEG], ids=lambda one: one.format.value)
async def test_exif_holds_what_it_was_asked_for(codec: PillowCodec, encoding: Encoding) -> None:
    told = Encoding(encoding.format, exif="Zwei Bäume, 木", parameters='{"seed": 7}')
    exif = opened(await codec.encode(RED, 8, 4, told)).getexif()
    assert exif[0x0131] == "Fondaco"
    described = exif[0x010E]
    octets = described.encode("latin-1") if isinstance(described, str) else described
    assert octets.decode() == "Zwei Bäume, 木"
    assert exif.get_ifd(0x8769)[USER_COMMENT] == bytes(8) + b'{"seed": 7}'


async def test_the_longest_prompts_fit_the_metadata_of_a_jpeg(codec: PillowCodec) -> None:
    told = Encoding(Format.JPEG, exif="\N{FAMILY}" * 7_500, parameters="\N{FAMILY}" * 7_500)
    exif = opened(await codec.encode(RED, 8, 4, told)).getexif()
    assert len(exif.get_ifd(0x8769)[USER_COMMENT]) == 8 + 4 * 7_500


@pytest.mark.parametrize(
    ("image", "kind", "options"),
    [
        (Image.new("L", (8, 4), 128), "PNG", {}),
        (Image.new("1", (8, 4)), "PNG", {}),
        (Image.new("P", (8, 4)), "PNG", {"transparency": 0}),
        (Image.new("LA", (8, 4)), "PNG", {}),
        (Image.new("I;16", (8, 4), 40_000), "PNG", {}),
        (Image.new("CMYK", (8, 4)), "JPEG", {}),
        (Image.new("RGBA", (8, 4)), "WEBP", {"lossless": True}),
        (
            Image.new("RGB", (8, 4)),
            "WEBP",
            {"save_all": True, "append_images": [Image.new("RGB", (8, 4), "red")]},
        ),
    ],
    ids=["grey", "bits", "palette", "grey-alpha", "16-bit", "cmyk", "alpha", "animated"],
)
async def test_odd_kinds_of_pixels_are_read(
    codec: PillowCodec, image: Image.Image, kind: str, options: dict[str, object]
) -> None:
    written = opened(await codec.encode(saved(image, kind, **options), 8, 4, PNG))
    assert written.size == (8, 4)
    assert getattr(written, "n_frames", 1) == 1
    if image.mode == "I;16":
        assert written.convert("RGB").getpixel((0, 0)) == (156, 156, 156)


async def test_an_orientation_is_applied(codec: PillowCodec) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = saved(Image.new("RGB", (4, 8)), "JPEG", exif=exif)
    assert opened(await codec.encode(turned, 8, 4, PNG)).size == (8, 4)


async def test_what_an_engine_rounded_up_is_cropped(codec: PillowCodec) -> None:
    larger = PictureFile(toy_pictures.png(128, 64))
    assert opened(await codec.encode(larger, 100, 60, PNG)).size == (100, 60)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few kB that claims so many pixels, and has them as zeros."""
    rows = zlib.compress(bytes(1 + width * 3) * 64, 9)
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", rows))
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, data in (*chunks, (b"IEND", b"")):
        crc = zlib.crc32(name + data)
        parts.append(struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc))
    return b"".join(parts)


UNUSABLE = {
    "nothing": b"",
    "words": b"not a picture",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='8' height='4'/>",
    "gif": saved(Image.new("P", (8, 4)), "GIF").data,
    "truncated": toy_pictures.png(64, 64)[:-40],
    "smaller": toy_pictures.png(8, 2),
    "much larger": toy_pictures.png(200, 200),
    "a bomb": bomb(50_000, 50_000),
    "a bomb just below": bomb(4_096, 4_096),
}


@pytest.mark.parametrize("case", UNUSABLE)
async def test_a_file_that_is_no_such_picture_is_refused(codec: PillowCodec, case: str) -> None:
    with anyio.fail_after(20), pytest.raises(EngineError, match="damaged, or not of 8 x 4"):
        await codec.encode(PictureFile(UNUSABLE[case]), 8, 4, PNG)
    assert await codec.encode(RED, 8, 4, PNG)


async def test_pixels_that_do_not_fit_their_size_are_refused(codec: PillowCodec) -> None:
    with pytest.raises(EngineError):
        await codec.encode(Pixels(8, 4, bytes(31 * 3)), 8, 4, PNG)


async def test_a_child_that_was_killed_is_replaced(codec: PillowCodec) -> None:
    await codec.encode(RED, 8, 4, PNG)
    pid = codec.writer_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(FileNotWrittenError):
        await codec.encode(RED, 8, 4, PNG)
    assert await codec.encode(RED, 8, 4, PNG)
    assert codec.writer_pid != pid


def test_without_the_packages_the_error_names_the_command() -> None:
    with pytest.raises(EngineUnavailableError, match=r"pip install '\./server\[images\]'"):
        PillowCodec(lambda: False).expect_installed()
