"""The dashboard's vendored files are what their manifest says, and nothing else is among them."""

import json

import pytest

from guards.vendored import (
    NODE_MODULES,
    VENDOR,
    File,
    copied,
    licence_source,
    manifest,
    sha256,
)

FILES = manifest()["files"]
PACKAGES = manifest()["packages"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["file"])
def test_a_vendored_file_has_the_hash_of_the_manifest(file: File) -> None:
    assert sha256((VENDOR / file["file"]).read_bytes()) == file["sha256"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["file"])
def test_a_vendored_file_is_its_packages(file: File) -> None:
    if not (NODE_MODULES / file["package"]).is_dir():
        pytest.skip("the npm packages are not installed: make .venv/.npm")
    assert copied(file) == (VENDOR / file["file"]).read_bytes()


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_has_its_licence_and_the_version_that_is_locked(name: str) -> None:
    package = PACKAGES[name]
    locked = json.loads((NODE_MODULES.parent / "package-lock.json").read_text(encoding="utf-8"))
    assert package["version"] == locked["packages"][f"node_modules/{name}"]["version"]
    assert package["licence"] in {"MIT", "Apache-2.0", "BSD-3-Clause", "(MPL-2.0 OR Apache-2.0)"}
    text = (VENDOR / package["licenceFile"]).read_bytes()
    assert len(text) > 500
    if licence_source(name).is_file():
        assert text == licence_source(name).read_bytes()


def test_nothing_else_is_vendored() -> None:
    there = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    told = {file["file"] for file in FILES}
    licences = {package["licenceFile"] for package in PACKAGES.values()}
    types = {name.removesuffix(".js") + ".d.ts" for name in told if name.endswith(".js")}
    assert there - types == told | licences | {"manifest.json"}
    assert {file["package"] for file in FILES} == PACKAGES.keys()
