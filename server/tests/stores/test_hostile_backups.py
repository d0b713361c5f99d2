"""Backups that are damaged or made to harm: refused before the home is touched."""

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fondaco.stores.backup.creating import create_backup
from fondaco.stores.backup.restoring import restore_backup
from fondaco.stores.errors import BackupError, NewerDatabaseError
from fondaco.stores.home import Home
from fondaco.stores.sqlite.tables.migrate import HEAD, upgrade

AT = "2026-11-27T10:00:00Z"


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """Return a backup as `fondaco backup` writes it."""
    home = Home(tmp_path / "lived-in")
    upgrade(home.database)
    home.pepper()
    (home.folder / "characters").mkdir()
    (home.folder / "characters" / "ada.toml").write_text("name = 'Ada'")
    create_backup(home.folder, tmp_path / "whole", version="1", created_at=AT)
    return (tmp_path / "whole").read_bytes()


@pytest.fixture
def refused(tmp_path: Path) -> Callable[[bytes], str]:
    """Return what a restore says of an archive that it refuses, leaving nothing behind."""

    def restored(archive: bytes) -> str:
        with pytest.raises((BackupError, NewerDatabaseError)) as caught:
            restore_backup(io.BytesIO(archive), tmp_path / "new", kept_name=None)
        assert [one.name for one in (tmp_path / "new").iterdir()] == ["server.lock"]
        assert not (tmp_path / "outside").exists()
        return str(caught.value)

    return restored


def member(name: str, content: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    one = tarfile.TarInfo(name)
    one.size = len(content)
    for field, value in fields.items():
        setattr(one, field, value)
    return one, content


def packed(*members: tuple[tarfile.TarInfo, bytes], after: bytes = b"") -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for one, content in members:
            tar.addfile(one, io.BytesIO(content))
    return gzip.compress(raw.getvalue() + after)


def listed(*files: tuple[str, bytes], **changed: Any) -> tuple[tarfile.TarInfo, bytes]:
    """Return a manifest of files."""
    rows = [
        {"path": path, "bytes": len(content), "sha256": sha256(content).hexdigest()}
        for path, content in files
    ]
    fields = {
        "product": "fondaco",
        "format": 1,
        "version": "1",
        "schema": HEAD,
        "createdAt": AT,
        "files": rows,
    }
    return member("manifest.json", json.dumps({**fields, **changed}).encode())


DATABASE = ("fondaco.sqlite3", b"not read so far")


def test_a_backup_is_restored_with_modes_that_keep_others_out(whole: bytes, tmp_path: Path) -> None:
    restored = restore_backup(io.BytesIO(whole), tmp_path / "new", kept_name=None)
    assert restored.findings == ()
    assert (tmp_path / "new" / "characters" / "ada.toml").read_text() == "name = 'Ada'"
    modes = {one.stat().st_mode & 0o077 for one in (tmp_path / "new").rglob("*")}
    assert modes == {0}


def test_a_restore_that_fails_half_way_leaves_the_home_as_it_was(
    whole: bytes, tmp_path: Path
) -> None:
    home = Home(tmp_path / "lived-in")
    before = sorted(one.name for one in home.folder.iterdir())
    (home.folder / "server.lock").touch()

    def lose_a_file(_done: int, _total: int) -> None:
        (home.folder / "pepper").unlink(missing_ok=True)

    with pytest.raises(BackupError):
        restore_backup(io.BytesIO(whole), home.folder, kept_name="before", progress=lose_a_file)
    left = {one.name for one in home.folder.iterdir()}
    assert left - {"server.lock"} == {*before} - {"server.lock", "pepper"}


@pytest.mark.parametrize("kept", [0, 1, 10, 100, 0.5, -9, -1])
def test_a_backup_that_was_cut_off_is_refused(
    whole: bytes, kept: float, refused: Callable[[bytes], str]
) -> None:
    end = int(kept) if kept == int(kept) else int(len(whole) * kept)
    assert "it is damaged" in refused(whole[:end])


def test_no_byte_of_a_backup_changes_unseen(whole: bytes, refused: Callable[[bytes], str]) -> None:
    for place in range(12, len(whole), len(whole) // 60):
        changed = bytearray(whole)
        changed[place] ^= 0x10
        if not _unpacks_alike(bytes(changed), whole):
            assert "it is damaged" in refused(bytes(changed))


def _unpacks_alike(archive: bytes, other: bytes) -> bool:
    """Whether two archives hold the same bytes: a few bits between the blocks of deflate are padding."""
    try:
        return gzip.decompress(archive) == gzip.decompress(other)
    except (OSError, EOFError, zlib.error):
        return False


def test_a_changed_file_is_refused(refused: Callable[[bytes], str]) -> None:
    changed = packed(listed(DATABASE), member(DATABASE[0], b"not read so far".upper()))
    assert "does not match its hash" in refused(changed)


@pytest.mark.parametrize(
    "path",
    [
        "../outside",
        "/tmp/outside",  # noqa: S108 (refused)
        "characters/../../outside",
        "./pepper",
        "characters//x",
        "",
        "server.lock",
        "fondaco.sqlite3-wal",
        "library.sqlite3-journal",
        ".hidden",
        "characters/.hidden",
        "a\\b",
        "a\nb",
        "a\0b",
        "x" * 300,
        "/".join("x" * 40),
    ],
)
def test_a_path_that_leaves_the_home_or_is_a_servers_own_is_refused(
    path: str, refused: Callable[[bytes], str]
) -> None:
    said = refused(packed(listed(DATABASE, (path, b"x")), member(*DATABASE)))
    assert "is not the path of a file in a home folder" in said


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.DIRTYPE,
        tarfile.FIFOTYPE,
        tarfile.CHRTYPE,
        tarfile.CONTTYPE,
        tarfile.GNUTYPE_SPARSE,
    ],
)
def test_a_member_that_is_no_plain_file_is_refused(
    kind: bytes, refused: Callable[[bytes], str]
) -> None:
    link = member("pepper", type=kind, linkname="/etc/passwd")
    said = refused(packed(listed(("pepper", b""), DATABASE), link, member(*DATABASE)))
    assert "it is damaged" in said


@pytest.mark.parametrize(
    "members",
    [
        (),
        (member(*DATABASE),),
        (listed(DATABASE),),
        (listed(DATABASE), member("pepper", DATABASE[1])),
        (listed(DATABASE), member(*DATABASE), member("characters/more.toml", b"x")),
        (listed(DATABASE, DATABASE), member(*DATABASE), member(*DATABASE)),
        (listed(DATABASE, ("a", b""), ("a/b", b"")), member(*DATABASE)),
        (listed(("pepper", b"x")), member("pepper", b"x")),
        (listed(DATABASE), member(DATABASE[0], DATABASE[1] + b"more")),
    ],
)
def test_members_and_manifest_have_to_agree(
    members: tuple[tuple[tarfile.TarInfo, bytes], ...], refused: Callable[[bytes], str]
) -> None:
    assert "it is damaged" in refused(packed(*members))


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"product": "fondaco", "format": 1}',
        b"\xff\xfe",
        b"null",
    ],
)
def test_a_manifest_that_is_none_is_refused(
    manifest: bytes, refused: Callable[[bytes], str]
) -> None:
    assert "it is damaged" in refused(packed(member("manifest.json", manifest), member(*DATABASE)))


@pytest.mark.parametrize(
    "row",
    [
        {"path": "pepper", "bytes": -1, "sha256": "0" * 64},
        {"path": "pepper", "bytes": True, "sha256": "0" * 64},
        {"path": "pepper", "bytes": "1", "sha256": "0" * 64},
        {"path": "pepper", "bytes": 2**60, "sha256": "0" * 64},
        {"path": "pepper", "bytes": 1, "sha256": "0" * 63},
        {"path": "pepper", "bytes": 1, "sha256": None},
        {"path": 1, "bytes": 1, "sha256": "0" * 64},
        {"path": "pepper"},
        "pepper",
    ],
)
def test_a_row_of_the_manifest_that_is_none_is_refused(
    row: Any, refused: Callable[[bytes], str]
) -> None:
    assert "it is damaged" in refused(packed(listed(files=[row])))


def test_a_backup_of_a_newer_program_is_refused_and_says_so(
    refused: Callable[[bytes], str],
) -> None:
    assert "Install the version" in refused(packed(listed(DATABASE, format=2), member(*DATABASE)))
    newer = packed(listed(DATABASE, schema="9999"), member(*DATABASE))
    assert "9999" in refused(newer)


def test_sizes_that_the_disk_has_no_room_for_are_refused_at_the_manifest(
    refused: Callable[[bytes], str],
) -> None:
    row = {"path": "fondaco.sqlite3", "bytes": 2**49, "sha256": "0" * 64}
    assert "free" in refused(packed(listed(files=[row])))


def test_an_archive_unpacks_to_no_more_than_its_manifest_says(
    refused: Callable[[bytes], str],
) -> None:
    zeros = bytes(20_000_000)
    said = refused(packed(listed(DATABASE), member(*DATABASE), after=zeros))
    assert "more than the manifest states" in said
    followed = packed(listed(DATABASE), member(*DATABASE), after=bytes(100_000) + b"x")
    assert "data after its last file" in refused(followed)
    header = member("manifest.json", pax_headers={"comment": "0" * 20_000_000})
    assert "more than the manifest states" in refused(packed(header))


def test_a_pepper_of_another_length_is_refused(
    tmp_path: Path, refused: Callable[[bytes], str]
) -> None:
    database = Home(tmp_path / "lived-in").database
    upgrade(database)
    files = ((database.name, database.read_bytes()), ("pepper", b"short"))
    assert "5 bytes instead of 32" in refused(packed(listed(*files), *(member(*f) for f in files)))


def test_a_database_that_is_none_is_refused(refused: Callable[[bytes], str]) -> None:
    said = refused(packed(listed(DATABASE), member(*DATABASE)))
    assert "is not a Fondaco database" in said
    assert "staging" not in said


def test_what_is_no_archive_at_all_is_refused(refused: Callable[[bytes], str]) -> None:
    for content in (b"hello", b"\x1f\x8b", gzip.compress(b""), gzip.compress(b"x" * 100_000)):
        assert "not a Fondaco backup" in refused(content)
