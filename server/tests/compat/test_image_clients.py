"""Images by clients of others, judged by programs of others, on the built-in engines."""

import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import httpx2
import openai
import pytest
from PIL import Image

from node_clients import needs_node, printed
from program import Program

PROMPT = "A red house by the sea"
needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None,
    reason="exiftool is not installed: apt-get install libimage-exiftool-perl",
)


def opened(base64: str | None) -> Image.Image:
    assert base64 is not None
    return Image.open(BytesIO(b64decode(base64)))


def is_grey(image: Image.Image) -> bool:
    red, green, blue = image.convert("RGB").split()
    return red.tobytes() == green.tobytes() == blue.tobytes()


def test_openais_python_client_generates_and_edits(served: Program) -> None:
    images = served.client.images
    made = images.generate(model="dall-e-3", prompt=PROMPT, size="256x256").data
    assert made is not None
    picture = opened(made[0].b64_json)
    assert picture.size == (256, 256)
    assert not is_grey(picture)
    file = BytesIO(b64decode(made[0].b64_json or ""))
    file.name = "house.png"
    edited = images.edit(model="gpt-image-1", image=file, prompt="make it black and white").data
    assert edited is not None
    assert is_grey(opened(edited[0].b64_json))
    with pytest.raises(openai.UnprocessableEntityError, match="greyscale"):
        images.edit(image=("house.png", file.getvalue()), prompt="add a dog")


@needs_node
def test_openais_npm_client_generates_and_edits(served: Program) -> None:
    environ = {"OPENAI_BASE_URL": f"{served.url}/v1", "OPENAI_API_KEY": served.api_key}
    seen = printed("images.mjs", environ)
    assert seen["size"] == [256, 256]
    assert is_grey(opened(seen["edited"]))
    assert seen["refused"]["status"] == 422


def tags_of(file: Path) -> Mapping[str, object]:
    """Return all that exiftool finds in a file."""
    told = subprocess.run(
        ["exiftool", "-json", "-a", "-u", "-g1", str(file)],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    tags = json.loads(told)[0]
    assert isinstance(tags, dict)
    return tags


@needs_exiftool
@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
def test_a_file_tells_prompt_and_parameters_only_on_request(
    served: Program, tmp_path: Path, file_format: str
) -> None:
    for embed in (True, False):
        reply = httpx2.post(
            f"{served.url}/api/v1/image/generate",
            headers={"Authorization": f"Bearer {served.api_key}"},
            json={
                "model": "venice-sd35",
                "prompt": PROMPT,
                "width": 64,
                "height": 64,
                "seed": 7,
                "format": file_format,
                "return_binary": True,
                "embed_exif_metadata": embed,
            },
            timeout=60,
        )
        file = tmp_path / f"house.{file_format}"
        file.write_bytes(reply.content)
        tags = tags_of(file)
        told = tags.get("IFD0", {}), tags.get("ExifIFD", {})
        if not embed:
            assert told == ({}, {})
            assert PROMPT not in json.dumps(tags)
            continue
        described, parameters = told
        assert isinstance(described, dict)
        assert isinstance(parameters, dict)
        assert described["ImageDescription"] == PROMPT
        assert json.loads(parameters["UserComment"])["seed"] == 7
