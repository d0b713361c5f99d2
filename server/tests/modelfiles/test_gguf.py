"""How large a GGUF file has to be, and that no smaller one is taken."""

import struct
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from fondaco.modelfiles import ModelFileError, ModelFolder
from fondaco.modelfiles.headers.gguf import EndedEarlyError, NotGgufError, least_bytes
from modelfiles.conftest import Shelf
from program import model_file


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def gguf(*, alignment: int = 64, version: int = 3, kind: int = 3) -> bytes:
    """Return a file of two tensors, the second of 256 elements of a kind."""
    pairs = [
        text("general.architecture") + struct.pack("<I", 8) + text("llama"),
        text("general.alignment") + struct.pack("<II", 4, alignment),
        text("a.float") + struct.pack("<If", 6, 0.5),
        text("a.list") + struct.pack("<IIQ", 9, 8, 2) + text("one") + text("two"),
        text("an.array") + struct.pack("<IIQ", 9, 4, 3) + bytes(12),
    ]
    tensors = [
        text("one") + struct.pack("<IQIQ", 1, 8, 0, 0),
        text("two") + struct.pack("<IQQIQ", 2, 32, 8, kind, alignment),
    ]
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs))
    tables = head + b"".join(pairs) + b"".join(tensors)
    return tables + bytes(-len(tables) % alignment) + bytes(alignment + 256 // 32 * 20)


WHOLE = gguf()


def test_a_whole_file_has_as_many_bytes_as_its_tables_ask_for() -> None:
    for alignment in (16, 32, 64):
        whole = gguf(alignment=alignment)
        assert least_bytes(BytesIO(whole)) == len(whole)


@given(length=st.integers(4, len(WHOLE) - 1))
def test_a_file_that_is_cut_anywhere_is_known_for_it(length: int) -> None:
    try:
        least = least_bytes(BytesIO(WHOLE[:length]))
    except EndedEarlyError:
        return
    assert least is not None
    assert least > length


def test_of_another_version_or_kind_of_tensor_only_what_is_certain_is_said() -> None:
    assert least_bytes(BytesIO(gguf(version=9))) is None
    least = least_bytes(BytesIO(gguf(kind=999)))
    assert least is not None
    assert len(WHOLE) - 256 < least < len(WHOLE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"GGML" + WHOLE[4:],
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<I", 77),
        b"GGUF"
        + struct.pack("<IQQ", 3, 0, 1)
        + text("general.alignment")
        + struct.pack("<II", 4, 0),
    ],
)
def test_a_file_that_is_no_gguf_is_recognized(content: bytes) -> None:
    with pytest.raises(NotGgufError):
        least_bytes(BytesIO(content))


@given(junk=st.binary(max_size=200))
def test_junk_costs_no_more_than_its_bytes(junk: bytes) -> None:
    with suppress(NotGgufError, EndedEarlyError):
        least_bytes(BytesIO(b"GGUF" + struct.pack("<I", 3) + junk))


def test_the_real_models_tables_are_read() -> None:
    path = model_file()
    if not path.is_file():
        pytest.skip("the embedded model is not installed")
    with path.open("rb") as file:
        assert least_bytes(file) == path.stat().st_size


@pytest.mark.parametrize("length", [20, 200, len(WHOLE) - 1])
def test_a_download_that_ends_early_without_a_word_is_not_kept(
    folder: ModelFolder, shelf: Shelf, tmp_path: Path, length: int
) -> None:
    shelf.lengths = False
    shelf.files["/cut.gguf"] = WHOLE[:length]
    with pytest.raises(ModelFileError, match="is incomplete"):
        folder.pull(f"{shelf.base_url}/cut.gguf")
    assert list((tmp_path / "models").glob("*.gguf")) == []
    shelf.files["/cut.gguf"] = WHOLE
    assert folder.pull(f"{shelf.base_url}/cut.gguf").read_bytes() == WHOLE


def test_a_local_file_that_is_cut_is_not_taken(folder: ModelFolder, tmp_path: Path) -> None:
    source = tmp_path / "cut.gguf"
    source.write_bytes(WHOLE[:-1])
    with pytest.raises(ModelFileError, match="is incomplete"):
        folder.pull(str(source))
    assert source.exists()


def test_a_rest_that_names_the_whole_is_held_to_it(folder: ModelFolder, shelf: Shelf) -> None:
    shelf.files["/whole.gguf"] = WHOLE
    shelf.cut_after = [300, 0, 0, 0]
    with pytest.raises(ModelFileError, match="the partial download is kept"):
        folder.pull(f"{shelf.base_url}/whole.gguf")
    shelf.lengths = False
    shelf.cut_after = [100]
    assert folder.pull(f"{shelf.base_url}/whole.gguf").read_bytes() == WHOLE
    assert [wanted for _, wanted in shelf.asked[-2:]] == ["bytes=300-", "bytes=400-"]
