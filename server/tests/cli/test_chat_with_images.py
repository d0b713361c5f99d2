"""`fondaco chat --image`: the model sees the picture that lies in the file."""

from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from PIL import Image, ImageColor

from cli_program import Fondaco
from fake_upstream import Asked, FakeUpstream, Wire, in_thread, saying
from program import Program, program

COLOURS = ("red", "green", "blue", "white", "black")
SERVER = """
[engines.eyes]
base_url = "{url}"
models = {{ eyes = "toy" }}

[models.eyes]
name = "Eyes"
engines = ["eyes"]
context_tokens = 8192
vision = true
many_images = true
price = {{ input = 0, output = 0 }}
"""


@pytest.fixture(autouse=True)
def nothing_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(""))


async def looking(wire: Wire, asked: Asked) -> bool:
    """Answer with the sizes and colours of the pictures in the last message, after decoding each."""
    parts = asked.body["messages"][-1]["content"]
    files = [one["image_url"]["url"] for one in parts if one["type"] == "image_url"]
    seen = ", ".join(described(b64decode(file.partition(",")[2])) for file in files)
    chunk = {"model": "toy", "choices": [{"index": 0, "delta": {"content": f"I see {seen}."}}]}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return await saying(chunk, end)(wire, asked)


def described(file: bytes) -> str:
    picture = Image.open(BytesIO(file)).convert("RGB")
    middle = picture.getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(middle, tuple)

    def distance(name: str) -> int:
        return sum(abs(a - b) for a, b in zip(ImageColor.getrgb(name), middle, strict=False))

    return f"{picture.width} x {picture.height} of {min(COLOURS, key=distance)}"


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, FakeUpstream]]:
    """A server with a model that sees."""
    home = tmp_path_factory.mktemp("seeing") / "home"
    home.mkdir()
    with in_thread(FakeUpstream()) as fake:
        (home / "fondaco.toml").write_text(SERVER.format(url=fake.base_url))
        with program(home) as one:
            yield one, fake


def picture(path: Path, colour: str, size: tuple[int, int]) -> str:
    Image.new("RGB", size, colour).save(path)
    return str(path)


def test_the_answer_is_about_the_pictures_in_the_files(
    fondaco: Fondaco, seeing: tuple[Program, FakeUpstream], tmp_path: Path
) -> None:
    server, fake = seeing
    fake.next(looking)
    red = picture(tmp_path / "red.png", "red", (96, 64))
    blue = picture(tmp_path / "blue.jpg", "blue", (80, 100))
    words = ("chat", "eyes", "What do you see?", "--image", red, "--image", blue, "-q")
    done = fondaco(*words, "--home", str(server.home))
    assert (done.code, done.out) == (0, "I see 96 x 64 of red, 80 x 100 of blue.\n"), done.err


def test_json_has_the_answer_about_the_picture(
    fondaco: Fondaco, seeing: tuple[Program, FakeUpstream], tmp_path: Path
) -> None:
    server, fake = seeing
    fake.next(looking)
    white = picture(tmp_path / "white.webp", "white", (70, 70))
    words = ("chat", "eyes", "What do you see?", "--image", white, "--json")
    told = fondaco(*words, "--home", str(server.home)).json
    assert isinstance(told, dict)
    assert told["content"] == "I see 70 x 70 of white."


def test_a_model_that_does_not_see_says_which_one_does(
    fondaco: Fondaco, seeing: tuple[Program, FakeUpstream], tmp_path: Path
) -> None:
    server, _ = seeing
    green = picture(tmp_path / "green.png", "green", (64, 64))
    words = ("chat", "smollm2-135m", "What do you see?", "--image", green)
    ended = fondaco(*words, "--home", str(server.home))
    assert ended.code == 1
    assert "eyes" in ended.err


def test_a_file_that_is_no_image_is_refused_before_anything_is_sent(
    fondaco: Fondaco, tmp_path: Path
) -> None:
    text = tmp_path / "notes.png"
    text.write_text("no image")
    ended = fondaco("chat", "eyes", "What?", "--image", str(text), "--url", "http://127.0.0.1:9")
    assert ended.code in (1, 2)
    assert "notes.png" in ended.err
