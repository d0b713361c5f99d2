"""Staging folders: nobody deletes one that is in use, and those of processes that are gone are deleted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp

from fondaco.stores.backup.staging import _PREFIX, left_behind, staging

MANY = 200


def used(parent: Path, times: int) -> Iterator[bool]:
    for _ in range(times):
        with staging(parent) as folder:
            file = folder / "archive"
            file.write_text("content")
            yield file.read_text() == "content"


def test_concurrent_users_never_delete_a_folder_of_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(lambda: list(used(tmp_path, MANY))) for _ in range(4)]
        assert all(all(run.result()) for run in runs)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_a_process_that_is_gone_is_found_and_deleted(tmp_path: Path) -> None:
    left = Path(mkdtemp(prefix=_PREFIX, dir=tmp_path))
    (left / "archive").write_text("half")
    with staging(tmp_path) as mine:
        assert not left.exists()
        assert left_behind(tmp_path) == []
        assert mine.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / f"{_PREFIX}link").symlink_to(tmp_path / "precious")
    with staging(tmp_path):
        assert (tmp_path / "precious").exists()
