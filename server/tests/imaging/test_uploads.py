"""The image codec as a reader of callers' files: hostile ones cost nothing, odd ones are read as meant."""

import random
import struct
import zlib
from collections.abc import AsyncGenerator
from io import BytesIO

import anyio
import pytest
from PIL import Image, ImageCms

import toy_pictures
from fondaco.domain.errors import CorruptedImageError, EngineUnavailableError
from fondaco.domain.media.image_file import Format, Header, format_of, header_of
from fondaco.domain.media.picture import UPLOAD_PIXELS, Encoding, Pixels
from fondaco.imaging.codec import PillowCodec

SIDE = 16


@pytest.fixture(scope="module")
async def codec() -> AsyncGenerator[PillowCodec]:
    codec = PillowCodec()
    yield codec
    await codec.aclose()


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def header(file: bytes) -> Header:
    kind = format_of(file)
    assert kind is not None
    return header_of(file, kind)


async def read(codec: PillowCodec, file: bytes, within: int = UPLOAD_PIXELS) -> Pixels:
    return await codec.decode(file, header(file), within)


def pixel(picture: Pixels, x: int = 0, y: int = 0) -> tuple[int, ...]:
    at = (y * picture.width + x) * picture.channels
    return tuple(picture.data[at : at + picture.channels])


def near(seen: tuple[int, ...], wanted: tuple[int, ...], by: int = 6) -> bool:
    return len(seen) == len(wanted) and all(
        abs(one - other) <= by for one, other in zip(seen, wanted, strict=True)
    )


def plain(colour: str, mode: str = "RGB", size: tuple[int, int] = (SIDE, SIDE)) -> Image.Image:
    return Image.new("RGB", size, colour).convert(mode)


def frames(*colours: str) -> dict[str, object]:
    return {"save_all": True, "append_images": [plain(one) for one in colours]}


def chunked(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, data in (*chunks, (b"IEND", b"")):
        check = zlib.crc32(name + data)
        parts.append(struct.pack(">I", len(data)) + name + data + struct.pack(">I", check))
    return b"".join(parts)


def deep(colour_type: int, samples: tuple[int, ...], clear: tuple[int, ...] = ()) -> bytes:
    """Return a PNG with 16 bits a sample, and perhaps one colour of it clear."""
    row = b"\0" + struct.pack(f">{len(samples)}H", *samples) * SIDE
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 16, colour_type, 0, 0, 0)
    trns = ((b"tRNS", struct.pack(f">{len(clear)}H", *clear)),) if clear else ()
    return chunked((b"IHDR", head), *trns, (b"IDAT", zlib.compress(row * SIDE)))


def on_canvas(left: int, top: int) -> bytes:
    """Return an animated WebP of one red frame that lies on its canvas with a margin at the left and top."""

    def triple(number: int) -> bytes:
        return struct.pack("<I", number)[:3]

    def chunk(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)

    width, height = SIDE - left, SIDE - top
    still = saved(Image.new("RGB", (width, height), "red"), "WEBP", lossless=True)[12:]
    place = b"".join(map(triple, (left // 2, top // 2, width - 1, height - 1, 100)))
    body = b"".join(
        (
            b"WEBP",
            chunk(b"VP8X", b"\2\0\0\0" + triple(SIDE - 1) * 2),
            chunk(b"ANIM", bytes(6)),
            chunk(b"ANMF", place + b"\0" + still),
        )
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


RED, CLEAR_RED = (255, 0, 0), (255, 0, 0, 0)
ODD: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "jpeg": (saved(plain("red"), "JPEG"), (254, 0, 0)),
    "webp": (saved(plain("red"), "WEBP", lossless=True), RED),
    "gif": (saved(plain("red"), "GIF"), RED),
    "palette": (saved(plain("red", "P"), "PNG"), RED),
    "palette of bytes": (
        saved(plain("red", "P"), "PNG", transparency=bytes(256)),
        CLEAR_RED,
    ),
    "grey": (saved(Image.new("L", (SIDE, SIDE), 77), "PNG"), (77, 77, 77)),
    "grey with one clear shade": (
        saved(Image.new("L", (SIDE, SIDE), 77), "PNG", transparency=77),
        (77, 77, 77, 0),
    ),
    "grey and alpha": (saved(Image.new("LA", (SIDE, SIDE), (77, 9)), "PNG"), (77, 77, 77, 9)),
    "bits": (saved(Image.new("1", (SIDE, SIDE), 1), "PNG"), (255, 255, 255)),
    "alpha": (saved(Image.new("RGBA", (SIDE, SIDE), (1, 2, 3, 4)), "PNG"), (1, 2, 3, 4)),
    "alpha that hides nothing": (saved(plain("red", "RGBA"), "PNG"), RED),
    "16 bits of grey": (deep(0, (0x9C40,)), (156, 156, 156)),
    "16 bits of grey with one clear shade": (deep(0, (0x9C40,), (0x9C40,)), (156, 156, 156, 0)),
    "16 bits of grey with another clear shade": (deep(0, (0x9C40,), (0x9C41,)), (156, 156, 156)),
    "16 bits": (deep(2, (0xFFFF, 0x8000, 0)), (255, 128, 0)),
    "16 bits of grey and alpha": (deep(4, (0x8000, 0x8000)), (128, 128, 128, 128)),
    "16 bits and alpha": (deep(6, (0xFFFF, 0x8000, 0, 0x4000)), (255, 128, 0, 64)),
    "cmyk": (saved(Image.new("CMYK", (SIDE, SIDE), (0, 255, 255, 0)), "JPEG"), RED),
    "animated gif": (saved(plain("red"), "GIF", **frames("blue", "lime")), RED),
    "animated webp": (saved(plain("red"), "WEBP", lossless=True, **frames("blue")), RED),
    "animated webp that fills its canvas": (on_canvas(0, 0), RED),
    "animated webp beside its frame": (on_canvas(4, 4), (0, 0, 0, 0)),
    "animated webp within its frame": (on_canvas(2, 2), (*RED, 255)),
    "animated png": (saved(plain("red"), "PNG", **frames("blue")), RED),
    "a video behind a photograph": (
        saved(plain("red"), "JPEG") + b"\0\0\0\x18ftypmp42" + bytes(99),
        (254, 0, 0),
    ),
}


@pytest.mark.parametrize("case", ODD)
async def test_odd_kinds_of_files_are_read_as_they_are_meant(codec: PillowCodec, case: str) -> None:
    file, expected = ODD[case]
    picture = await read(codec, file)
    assert (picture.width, picture.height) == (SIDE, SIDE)
    assert near(pixel(picture, 3, 3), expected), pixel(picture, 3, 3)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [
        (1, (0, 0)),
        (2, (1, 0)),
        (3, (1, 1)),
        (4, (0, 1)),
        (5, (0, 0)),
        (6, (1, 0)),
        (7, (1, 1)),
        (8, (0, 1)),
    ],
)
async def test_pictures_are_turned_upright(
    codec: PillowCodec, orientation: int, corner: tuple[int, int]
) -> None:
    image = Image.new("RGB", (32, 16), "white")
    image.paste("red", (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("PNG", "JPEG", "WEBP"):
        picture = await read(codec, saved(image, kind, exif=exif))
        size = (32, 16) if orientation < 5 else (16, 32)
        assert (picture.width, picture.height) == size
        x, y = (corner[0] * (size[0] - 1), corner[1] * (size[1] - 1))
        assert near(pixel(picture, x, y), (254, 0, 0), by=40)
        assert near(pixel(picture, size[0] - 1 - x, y), (255, 255, 255), by=40)


async def test_damaged_exif_turns_nothing(codec: PillowCodec) -> None:
    file = saved(plain("red"), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40)
    assert near(pixel(await read(codec, file)), (254, 0, 0))


def swapped() -> bytes:
    """Return a profile in which red and blue have changed places: what it means cannot be missed."""
    standard = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (
        standard.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")
    ).replace(b"s\0R\0G\0B", b"m\0i\0n\0e")


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_colours_are_converted_by_the_profile(
    codec: PillowCodec, kind: str, mode: str
) -> None:
    if kind == "JPEG" and mode == "RGBA":
        return
    image = plain("red", mode)
    if mode == "RGBA":
        image.putalpha(40)
    options: dict[str, object] = {"lossless": True} if kind == "WEBP" else {}
    picture = await read(codec, saved(image, kind, icc_profile=swapped(), **options))
    expected = (0, 0, 255) if mode == "RGB" else (0, 0, 255, 40)
    assert near(pixel(picture), expected, by=12)


@pytest.mark.parametrize("profile", [b"no profile", b"", swapped()[:-40], bytes(200)])
async def test_a_profile_that_is_none_is_ignored(codec: PillowCodec, profile: bytes) -> None:
    picture = await read(codec, saved(plain("red"), "PNG", icc_profile=profile))
    assert near(pixel(picture), RED)


async def test_a_profile_of_another_kind_of_colour_is_ignored(codec: PillowCodec) -> None:
    grey = saved(Image.new("L", (SIDE, SIDE), 77), "PNG", icc_profile=swapped())
    assert pixel(await read(codec, grey)) == (77, 77, 77)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_what_is_too_large_is_reduced_in_its_ratio(codec: PillowCodec, kind: str) -> None:
    image = Image.linear_gradient("L").convert("RGB").resize((1024, 512))
    picture = await read(codec, saved(image, kind), within=128 * 64 + 5)
    assert (picture.width, picture.height) == (128, 64)
    assert pixel(picture, 5, 2)[0] < 40
    assert pixel(picture, 5, 62)[0] > 200


async def test_transparent_pixels_lend_no_colour_to_their_neighbours(codec: PillowCodec) -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 255))
    image.paste((0, 255, 0, 0), (0, 0, 64, 33))
    picture = await read(codec, saved(image, "PNG"), within=16 * 16)
    seen = [pixel(picture, 8, y) for y in range(16)]
    assert all(red > 200 and green < 60 for red, green, _, alpha in seen if alpha > 30)


def bomb(width: int, height: int, *, shown: tuple[int, int] | None = None) -> bytes:
    """Return a PNG of a few kB that claims so many pixels, of which it has some as zeros."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    more = [(b"IHDR", struct.pack(">IIBBBBB", *shown, 8, 6, 0, 0, 0))] if shown else []
    rows = zlib.compress(bytes(1 + width * 4) * min(64, height), 9)
    return chunked((b"IHDR", head), *more, (b"IDAT", rows))


def profile_bomb() -> bytes:
    """Return a PNG whose profile and texts are some MB of zeros, compressed."""
    zeros = zlib.compress(bytes(64 * 2**20), 9)
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    row = zlib.compress((b"\0" + bytes(3 * SIDE)) * SIDE)
    texts = [(b"zTXt", b"a\0\0" + zeros)] * 4
    return chunked((b"IHDR", head), (b"iCCP", b"a\0\0" + zeros), *texts, (b"IDAT", row))


RED_PNG = saved(plain("red", size=(256, 256)), "PNG")
RED_JPEG = saved(Image.effect_noise((256, 256), 90), "JPEG")
DAMAGED = {
    "truncated png": RED_PNG[: len(RED_PNG) // 2],
    "truncated jpeg": RED_JPEG[: len(RED_JPEG) // 2],
    "truncated webp": saved(Image.effect_noise((256, 256), 90), "WEBP")[:400],
    "truncated gif": saved(Image.effect_noise((256, 256), 90), "GIF")[:900],
    "two sizes": bomb(SIDE, SIDE, shown=(5_000, 5_000)),
    "more than is permitted": bomb(8_000, 8_000),
    "texts that burst": profile_bomb(),
    "nothing but a head": RED_PNG[:33],
    "no decoder's jpeg": toy_pictures.png(64, 64)[:8] + b"\xff\xd8\xff",
    "zip behind a gif's head": b"GIF89a"
    + struct.pack("<HH", SIDE, SIDE)
    + b"PK\3\4"
    + bytes(200)
    + b";",
}


@pytest.mark.parametrize("case", DAMAGED)
async def test_a_file_that_is_damaged_or_a_bomb_costs_nothing(
    codec: PillowCodec, case: str
) -> None:
    file = DAMAGED[case]
    assert len(file) < 10**6
    claimed = header(file) if len(file) > 40 else Header(Format.PNG, SIDE, SIDE)
    await read(codec, RED_PNG)
    pid = codec.reader_pid
    with anyio.fail_after(20), pytest.raises(CorruptedImageError):
        await codec.decode(file, claimed, UPLOAD_PIXELS)
    await read(codec, RED_PNG)
    assert codec.reader_pid == pid


async def test_a_file_that_is_not_what_its_header_says_is_damaged(codec: PillowCodec) -> None:
    for told in (
        Header(Format.PNG, 256, 257),
        Header(Format.JPEG, 256, 256),
        Header(Format.GIF, 256, 256),
    ):
        with pytest.raises(CorruptedImageError):
            await codec.decode(RED_PNG, told, UPLOAD_PIXELS)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_random_damage_ends_in_pixels_or_a_refusal(codec: PillowCodec, kind: str) -> None:
    good = saved(Image.effect_noise((96, 64), 90).convert("RGB"), kind)
    chance = random.Random(kind)  # noqa: S311 - the same damage each time
    for _ in range(60):
        file = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            file[chance.randrange(len(file))] = chance.randrange(256)
        try:
            picture = await codec.decode(bytes(file), header(good), 64 * 48)
        except CorruptedImageError:
            continue
        assert (picture.width, picture.height) in ((67, 45), (45, 67))
    assert near(pixel(await read(codec, RED_PNG)), RED)


async def test_a_picture_that_exhausts_the_memory_leaves_the_child_alive() -> None:
    codec = PillowCodec(memory_limit_bytes=400 * 2**20)
    try:
        large = bomb(5_700, 5_700)
        await read(codec, RED_PNG)
        pid = codec.reader_pid
        with pytest.raises(CorruptedImageError):
            await read(codec, large)
        await read(codec, RED_PNG)
        assert codec.reader_pid == pid
    finally:
        await codec.aclose()


@pytest.mark.long
async def test_the_largest_picture_fits_the_memory_of_the_child(codec: PillowCodec) -> None:
    for file in (bomb(5_760, 5_760), saved(Image.new("CMYK", (5_760, 5_760)), "JPEG")):
        picture = await read(codec, file, within=4_194_304)
        assert (picture.width, picture.height) == (2_048, 2_048)


async def test_the_child_that_reads_is_not_the_one_that_writes(codec: PillowCodec) -> None:
    picture = await read(codec, RED_PNG)
    await codec.encode(picture, 256, 256, Encoding(Format.PNG))
    assert codec.reader_pid != codec.writer_pid is not None


def test_without_the_packages_nothing_is_read() -> None:
    with pytest.raises(EngineUnavailableError):
        PillowCodec(lambda: False).expect_installed()


def scanned(times: int, side: int = 2_880) -> bytes:
    """Return a progressive JPEG that repeats its last scan, as none needs to."""
    file = saved(Image.linear_gradient("L").resize((side, side)), "JPEG", progressive=True)
    last = file[file.rindex(b"\xff\xda") : -2]
    return file[:-2] + last * times + file[-2:]


async def test_a_jpeg_of_many_scans_is_refused_before_it_is_decoded(codec: PillowCodec) -> None:
    with anyio.fail_after(60):
        for times in (1_000, 20_000):
            with pytest.raises(CorruptedImageError):
                await read(codec, scanned(times))


@pytest.mark.parametrize("side", [SIDE, 2_880])
async def test_a_progressive_jpeg_with_a_preview_of_its_own_is_read(
    codec: PillowCodec, side: int
) -> None:
    file = scanned(3, side)
    preview = (
        b"\xff\xe1" + struct.pack(">H", 2 + 40 * 50) + b"\xff\xda\x00\x02\xff\xd9" * 333 + b"\0\0"
    )
    picture = await read(codec, file[:2] + preview + file[2:])
    assert (picture.width, picture.height) == (side, side)
