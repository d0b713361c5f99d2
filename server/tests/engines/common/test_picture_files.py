"""Pictures as base64 and as PNG files."""

import base64
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

import toy_pictures
from fondaco.domain.errors import EngineError
from fondaco.domain.media.image_edit import EditTask
from fondaco.domain.media.image_request import ImageTask
from fondaco.domain.media.picture import RGBA, Pixels
from fondaco.engines.common.images.files import (
    base64_of,
    expect_size,
    file_in_base64,
    in_register,
    mask_png,
    png_of,
    white_png,
)

FILE = toy_pictures.png(3, 2)
TEXT = base64.b64encode(FILE).decode()


def opened(file: bytes) -> Image.Image:
    with Image.open(BytesIO(file), formats=["PNG"]) as image:
        image.load()
        return image


@pytest.mark.parametrize("text", [TEXT, f"data:image/png;base64,{TEXT}"])
def test_base64_is_a_file_with_or_without_the_head_of_a_data_url(text: str) -> None:
    assert file_in_base64(text) == FILE


@pytest.mark.parametrize(
    "text",
    [None, 1, "", "data:text/html;base64,PGI+", "data:image/png,", "not base64!", "ä",
     base64.b64encode(b"<svg/>").decode(), base64.b64encode(b"GIF89a..").decode(), TEXT + "\n\n"],
)  # fmt: skip
def test_anything_else_is_the_engines_failure(text: object) -> None:
    with pytest.raises(EngineError):
        file_in_base64(text)


@pytest.mark.parametrize(("width", "height"), [(3, 2), (1, 1)])
def test_a_picture_of_its_size_or_somewhat_larger_is_taken(width: int, height: int) -> None:
    task = ImageTask(model="m", prompt="p", width=width, height=height, steps=1, seed=1)
    assert expect_size(FILE, task).data == FILE


@pytest.mark.parametrize("file", [FILE, toy_pictures.png(64 + 8, 8), FILE[:20], b"<html>", b""])
def test_one_of_another_size_is_the_engines_failure(file: bytes) -> None:
    task = ImageTask(model="m", prompt="p", width=8, height=8, steps=1, seed=1)
    with pytest.raises(EngineError, match="no image of 8 x 8 pixels"):
        expect_size(file, task)


def test_pixels_are_written_as_they_are() -> None:
    grey, clear = bytes(range(18)), bytes(range(24))
    assert opened(png_of(Pixels(3, 2, grey))).tobytes() == grey
    image = opened(png_of(Pixels(2, 3, clear, RGBA)))
    assert (image.mode, image.size, image.tobytes()) == ("RGBA", (2, 3), clear)
    assert file_in_base64(base64_of(FILE)) == FILE


def test_a_mask_is_white_where_it_is_wholly_transparent() -> None:
    alphas = bytes([0, 1, 254, 255])
    mask = Pixels(4, 1, b"".join(b"abc" + bytes([alpha]) for alpha in alphas), RGBA)
    assert opened(mask_png(mask)).tobytes() == bytes([255, 0, 0, 0])
    assert opened(mask_png(Pixels(2, 1, b"abcdef"))).tobytes() == bytes(2)
    assert opened(white_png(2, 2)).tobytes() == b"\xff" * 4


def test_what_an_engine_rounds_up_is_repeated_around_the_picture() -> None:
    picture = Pixels(2, 1, b"abcxyz")
    task = EditTask(model="m", prompt="p", picture=picture, width=2, height=1, seed=1)
    padded = in_register(picture, task, 5, 3)
    assert padded == Pixels(5, 3, b"abcabcxyzxyzxyz" * 3)
    assert in_register(picture, task, 2, 1) == picture
    assert in_register(picture, replace(task, width=4), 8, 8) == picture, "the engine fits it"
