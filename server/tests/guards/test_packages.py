"""What the two packages ship: built as whoever releases them builds them."""

import subprocess
import sys
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[3]
LICENSE = (ROOT / "LICENSE").read_bytes()
PACKAGES = {
    "server": (
        "fondaco",
        {
            "fondaco/catalogue.toml",
            "fondaco/http/assets/doc.html",
            "fondaco/http/assets/dashboard/index.html",
            "fondaco/http/assets/dashboard/main.js",
            "fondaco/http/assets/dashboard/vendor/manifest.json",
        },
    ),
    "sdk": ("venice_ai", {"venice_ai/_sync/client.pyi"}),
}


@pytest.fixture(scope="module", params=PACKAGES)
def wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    name: str = request.param
    pytest.importorskip("hatchling", reason="it is no part of an editable installation")
    folder = tmp_path_factory.mktemp(name)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT / name, check=True, capture_output=True, timeout=120)
    [path] = folder.glob("*.whl")
    return ZipFile(path)


def metadata(wheel: ZipFile) -> Message:
    [name] = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def test_a_wheel_has_the_licence_and_what_is_written_about_it(wheel: ZipFile) -> None:
    licences = [name for name in wheel.namelist() if name.endswith("licenses/LICENSE")]
    assert [wheel.read(name) for name in licences] == [LICENSE]
    told = metadata(wheel)
    assert told["License-Expression"] == "Apache-2.0"
    assert told["Description-Content-Type"] == "text/markdown"
    text = str(told.get_payload())
    assert text.lstrip().startswith(f"# {told['Name']}")
    assert "](docs/" not in text, "links into the repository lead nowhere on an index"
    for url in told.get_all("Project-URL", []):
        assert url.split(", ")[1].startswith("https://")
    classifiers = told.get_all("Classifier", [])
    assert "Typing :: Typed" in classifiers
    assert not any(one.startswith("License ::") for one in classifiers), (
        "PEP 639 has the expression"
    )


def test_a_wheel_has_what_its_program_reads_and_no_tests(wheel: ZipFile) -> None:
    names = set(wheel.namelist())
    [(package, needed)] = [
        (package, needed)
        for package, needed in PACKAGES.values()
        if f"{package}/__init__.py" in names
    ]
    assert needed <= names
    assert f"{package}/py.typed" in names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {package}


def test_both_packages_have_the_repositorys_licence() -> None:
    for name in PACKAGES:
        assert (ROOT / name / "LICENSE").read_bytes() == LICENSE
