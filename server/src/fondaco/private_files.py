"""Private files: secrets on disk, which their owner alone may read."""

import os
import secrets
from pathlib import Path


def create_whole(path: Path, content: bytes) -> None:
    """Create a private file at once and durably, or keep another process's if that was faster.

    Raises:
        OSError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, content)
        os.fsync(file)
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        os.close(file)
        draft.unlink()


def replace_whole(path: Path, content: bytes) -> None:
    """Write a private file atomically and durably, replacing an existing one.

    Raises:
        OSError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(file, "wb") as written:  # noqa: PTH123 (a descriptor)
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
