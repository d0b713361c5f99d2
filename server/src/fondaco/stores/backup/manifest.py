"""The manifest: the first member of a backup, which lists the others with their sizes and hashes."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from fondaco.stores.backup.contents import DATABASE, LOCK
from fondaco.stores.errors import BackupError, DamagedBackupError

NAME: Final = "manifest.json"
MOST_BYTES: Final = 4 * 2**20
_FORMAT: Final = 1
_MOST_FILES: Final = 20_000
_LARGEST: Final = 2**50
_LONGEST_NAME: Final = 255
_DEEPEST: Final = 16
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_REVISION: Final = re.compile(r"[0-9]{4}")
_JOURNALS: Final = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file of a backup."""

    path: str
    """Relative to the home, with slashes."""
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup's list of contents. Its hashes detect damage; whoever can write the file can change both."""

    version: str
    """Of the program that wrote it."""
    schema: str
    """The revision of its database."""
    created_at: str
    """UTC, ISO 8601."""
    files: tuple[BackupFile, ...]

    @property
    def total_bytes(self) -> int:
        """The size of all files, unpacked."""
        return sum(file.bytes for file in self.files)

    def as_json(self) -> bytes:
        """Return it as it stands in a backup."""
        fields = {
            "product": "fondaco",
            "format": _FORMAT,
            "version": self.version,
            "schema": self.schema,
            "createdAt": self.created_at,
            "files": [asdict(file) for file in self.files],
        }
        return json.dumps(fields, indent=1).encode()

    @classmethod
    def parse(cls, text: bytes) -> "Manifest":
        """Read a manifest that nobody has checked.

        Raises:
            DamagedBackupError: it is none, or names files that no home has.
            BackupError: a newer program wrote it.
        """
        try:
            fields = json.loads(text)
            if fields["product"] != "fondaco":
                raise DamagedBackupError("it was made by another program")
            if fields["format"] != _FORMAT:
                raise BackupError(
                    f"The backup has the format {fields['format']!r}, and this program reads {_FORMAT}. Install the "
                    "version of Fondaco that wrote it, or a newer one."
                )
            files = tuple(map(_file, fields["files"]))
            texts = (fields["version"], fields["schema"], fields["createdAt"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise DamagedBackupError(f"its {NAME} cannot be read") from error
        if not all(isinstance(one, str) and one.isprintable() for one in texts):
            raise DamagedBackupError(f"its {NAME} cannot be read")
        if not _REVISION.fullmatch(texts[1]):
            raise DamagedBackupError("it does not state the database's revision")
        _expect_distinct(files)
        return cls(*texts, files)


def _file(fields: Any) -> BackupFile:
    path, size, sha256 = fields["path"], fields["bytes"], fields["sha256"]
    if not isinstance(path, str) or not _is_safe(path):
        raise DamagedBackupError(
            f"{str(path)[:_LONGEST_NAME]!r} is not the path of a file in a home folder"
        )
    if type(size) is not int or not 0 <= size <= _LARGEST or not _SHA256.fullmatch(sha256):
        raise DamagedBackupError(f"the size or hash of {path!r} is invalid")
    return BackupFile(path, size, sha256)


def _is_safe(path: str) -> bool:
    """Whether a path stays in the home, and is none of what a server or SQLite writes beside a file."""
    parts = path.split("/")
    return (
        path.isprintable()
        and "\\" not in path
        and len(parts) <= _DEEPEST
        and all(part and part[0] != "." and len(part.encode()) <= _LONGEST_NAME for part in parts)
        and path != LOCK
        and not path.endswith(_JOURNALS)
    )


def _expect_distinct(files: Sequence[BackupFile]) -> None:
    """Refuse files of one name, names that are file and folder at once, and a backup without a database."""
    paths = {file.path for file in files}
    folders = {"/".join(parts[:end]) for parts in _parts(paths) for end in range(1, len(parts))}
    if not files or len(files) > _MOST_FILES or len(paths) < len(files) or paths & folders:
        raise DamagedBackupError("its list of files is inconsistent")
    if DATABASE not in paths:
        raise DamagedBackupError(f"it has no {DATABASE}")


def _parts(paths: set[str]) -> list[list[str]]:
    return [path.split("/") for path in paths]
