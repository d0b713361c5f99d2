"""The dashboard's vendored files: copied from npm packages as their manifest says.

`python -m guards.vendored`, with `server/tests` on the path, copies them again after an update of
`server/tests/compat/node/package.json` and writes the manifest's versions and hashes.
"""

import hashlib
import json
from pathlib import Path
from typing import TypedDict

from guards.source import ROOT

VENDOR = ROOT / "server/src/fondaco/http/assets/dashboard/vendor"
NODE_MODULES = ROOT / "server/tests/compat/node/node_modules"
MANIFEST = VENDOR / "manifest.json"


class Package(TypedDict):
    """An npm package that files come from."""

    version: str
    licence: str
    """SPDX expression."""
    licenceFile: str
    """Name of the licence's file in `vendor/`."""


class File(TypedDict, total=False):
    """A vendored file."""

    file: str
    """Path below `vendor/`."""
    package: str
    source: str
    """Path in the package."""
    replace: list[str]
    """A text of the source and what stands in its place: browsers resolve no bare module names."""
    append: str
    """Text after the source, such as an export of what the source defines as a global."""
    sha256: str


class Manifest(TypedDict):
    """Everything in `vendor/`."""

    packages: dict[str, Package]
    files: list[File]


def manifest() -> Manifest:
    """Read the manifest."""
    read: Manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return read


def copied(file: File) -> bytes:
    """Return a file as it is made of its package's source."""
    text = (NODE_MODULES / file["package"] / file["source"]).read_text(encoding="utf-8")
    if "replace" in file:
        found, put = file["replace"]
        assert text.count(found) == 1, f"{file['source']} has another import now"
        text = text.replace(found, put)
    return (text + file.get("append", "")).encode()


def sha256(content: bytes) -> str:
    """Return a hash in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def licence_source(package: str) -> Path:
    """Return where the licence lies in an installed package."""
    return NODE_MODULES / package / "LICENSE"


def licence_name(package: str) -> str:
    """Return the licence's name in `vendor/`."""
    return f"LICENSE-{package.strip('@').replace('/', '-')}.txt"


def main() -> None:
    """Copy every file and licence, and write versions and hashes into the manifest."""
    told = manifest()
    for name in told["packages"]:
        about = json.loads((NODE_MODULES / name / "package.json").read_text(encoding="utf-8"))
        told["packages"][name] = {
            "version": about["version"],
            "licence": about["license"],
            "licenceFile": licence_name(name),
        }
        (VENDOR / licence_name(name)).write_bytes(licence_source(name).read_bytes())
    for file in told["files"]:
        content = copied(file)
        path = VENDOR / file["file"]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        file["sha256"] = sha256(content)
    MANIFEST.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
