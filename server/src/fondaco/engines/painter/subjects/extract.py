"""Extracts the drawings that the catalogue names from Noto's, as npm packs them.

npm pack @iconify-json/noto@1.2.9
python -m fondaco.engines.painter.subjects.extract iconify-json-noto-1.2.9.tgz
"""

import gzip
import hashlib
import json
import sys
import tarfile
from pathlib import Path

from fondaco.engines.painter.subjects.catalogue import drawings

_ARCHIVE_SHA256 = "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad"
_SIDE = 128
_TARGET = Path(__file__).with_name("noto.json.gz")


def extract(archive: Path) -> int:
    """Write the drawings' SVG bodies; return how many there are.

    Raises:
        ValueError: the archive is another one, or lacks a drawing of the expected size.
    """
    data = archive.read_bytes()
    if hashlib.sha256(data).hexdigest() != _ARCHIVE_SHA256:
        raise ValueError(f"{archive} is not @iconify-json/noto 1.2.9.")
    with tarfile.open(archive) as members:
        file = members.extractfile("package/icons.json")
        document = json.load(file) if file else {}
    if (document.get("width"), document.get("height")) != (_SIDE, _SIDE):
        raise ValueError(f"Drawings of {_SIDE} by {_SIDE} were expected.")
    icons = document["icons"]
    wanted = sorted(one.name for one in drawings().values() if one.drawn != "code")
    if missing := [name for name in wanted if name not in icons]:
        raise ValueError(f"The archive lacks {missing}.")
    bodies = {name: icons[name]["body"] for name in wanted}
    text = json.dumps(bodies, separators=(",", ":"), ensure_ascii=False)
    _TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    return len(bodies)


if __name__ == "__main__":
    print(extract(Path(sys.argv[1])))  # noqa: T201 - a program
