"""The identity key: one private file, made once, that shows nothing of itself."""

import pickle
from pathlib import Path

import pytest

from fondaco.enclave.identity_key import IdentityKey, IdentityKeyError


def test_the_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    first = IdentityKey.kept_in(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert IdentityKey.kept_in(path).workload_id == first.workload_id
    assert list(tmp_path.iterdir()) == [path]
    assert IdentityKey.kept_in(tmp_path / "another").workload_id != first.workload_id


def test_a_key_in_memory_is_new_each_time() -> None:
    assert IdentityKey.generated().workload_id != IdentityKey.generated().workload_id


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "identity.key"
    IdentityKey.kept_in(path)
    path.chmod(mode)
    with pytest.raises(IdentityKeyError, match="chmod 600"):
        IdentityKey.kept_in(path)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_file_is_refused_without_its_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "identity.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(IdentityKeyError, match="instead of 32") as error:
        IdentityKey.kept_in(path)
    assert "short" not in str(error.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(IdentityKeyError, match="No such file or directory"):
        IdentityKey.kept_in(tmp_path / "missing" / "identity.key")


def test_the_key_shows_nothing_of_itself() -> None:
    key = IdentityKey.of_seed(b"\1" * 32)
    assert repr(key) == "IdentityKey()"
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(key)
