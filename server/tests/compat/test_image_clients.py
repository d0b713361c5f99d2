"""Images by clients of others, judged by programs of others, on the built-in engines."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from program import Program

PROMPT = "A red house by the sea"
needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None,
    reason="exiftool is not installed: apt-get install libimage-exiftool-perl",
)


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
