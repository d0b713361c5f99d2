"""`fondaco image`: an image in a file, by the built-in painter, without a server."""

from pathlib import Path

import pytest
from PIL import Image

from cli_program import Fondaco


def drawn(fondaco: Fondaco, file: Path, *options: str) -> object:
    return fondaco(
        "image", "A red house by the sea", "-o", str(file), "--size", "128x64", "--json", *options
    ).json


def test_an_image_is_written_in_the_format_of_its_name(fondaco: Fondaco, tmp_path: Path) -> None:
    for suffix, kind in ((".png", "PNG"), (".jpg", "JPEG"), (".webp", "WEBP")):
        file = tmp_path / f"house{suffix}"
        told = drawn(fondaco, file, "--seed", "7", "--steps", "5", "--style", "watercolor")
        assert told == {
            "file": str(file),
            "model": "fondaco-painter",
            "seed": 7,
            "understood": True,
            "ignored": [],
        }
        with Image.open(file) as image:
            assert (image.format, image.size) == (kind, (128, 64))
    assert not (fondaco.home / "fondaco.db").exists()


def test_a_file_is_replaced_only_by_force(fondaco: Fondaco, tmp_path: Path) -> None:
    file = tmp_path / "house.png"
    file.write_bytes(b"mine")
    refused = fondaco("image", "A house", "-o", str(file))
    assert (refused.code, file.read_bytes()) == (1, b"mine")
    assert "--force" in refused.err
    drawn(fondaco, file, "--force")
    assert file.read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["-o", "house.tiff"], 2, ".webp"),
        (["--size", "12"], 2, "WIDTHxHEIGHT"),
        (["--size", "0x64"], 2, "WIDTHxHEIGHT"),
        (["--size", "9000x64"], 1, "1792"),
        (["--style", "watercolour"], 2, "Watercolor"),
        (["--seed", "1000000000"], 2, "999999999"),
        (["--steps", "51"], 1, "at most 50"),
        (["--model", "nothing"], 5, "fondaco models list"),
        (["-o", "nowhere/house.png"], 1, "folder 'nowhere' does not exist"),
    ],
)
def test_a_slip_is_one_line(
    fondaco: Fondaco, tmp_path: Path, options: list[str], code: int, says: str
) -> None:
    file = tmp_path / "house.png"
    outcome = fondaco("image", "A house", "-o", str(file), *options)
    assert outcome.code == code
    assert says in outcome.err
    assert "Traceback" not in outcome.err
    assert not file.exists()
