"""The home folder: contains all state, readable by its owner only."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fondaco.private_files import create_whole
from fondaco.stores.errors import HomeInUseError, HomeUnusableError, PepperLostError
from fondaco.stores.server_lock import Reloads, ServerLock, locked, pid_in
from fondaco.stores.sqlite.accounts.people import usable_keys

_PEPPER_BYTES = 32


class Home:
    """A home folder that exists and is private."""

    def __init__(self, folder: Path) -> None:
        """Create the folder if it is missing, and deny others access to it if we own it.

        Raises:
            HomeUnusableError: it cannot be created or written.
        """
        self.folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_uid == os.geteuid():
                folder.chmod(0o700)
        except OSError as error:
            raise _unusable(folder, error) from error
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise HomeUnusableError(
                f"The home folder {str(folder)!r} is not writable. Set another one with --home."
            )

    @property
    def database(self) -> Path:
        """The database file."""
        return self.database_in(self.folder)

    @staticmethod
    def database_in(folder: Path) -> Path:
        """Return the path of a home folder's database, which need not exist."""
        return folder / "fondaco.sqlite3"

    def pepper(self) -> bytes:
        """Return the secret of all keyed hashes of this home; create it at the first call.

        Raises:
            PepperLostError: it is missing, and keys hashed with it exist.
            HomeUnusableError: it cannot be read or created, or has the wrong length.
        """
        path = self.folder / "pepper"
        try:
            if not path.exists():
                if keys := usable_keys(self.database):
                    raise PepperLostError(
                        f"The file {str(path)!r} is missing, and without it none of the {keys} keys in "
                        "the database is recognised. Restore it from a backup. If it is gone for good, "
                        "end the keys with `fondaco keys revoke-all`, and make new ones."
                    )
                create_whole(path, secrets.token_bytes(_PEPPER_BYTES))
            pepper = path.read_bytes()
        except OSError as error:
            raise _unusable(path, error) from error
        if len(pepper) != _PEPPER_BYTES:
            raise HomeUnusableError(
                f"The file {str(path)!r} has {len(pepper)} bytes instead of {_PEPPER_BYTES}. "
                "Restore it from a backup: without it no key of this home is recognised."
            )
        return pepper

    @contextmanager
    def lock(self, reloads: Reloads = Reloads.STARTING) -> Iterator[ServerLock]:
        """Lock this home against other servers; the kernel releases the lock when the process ends.

        Args:
            reloads: whether this server will reload its configuration at SIGHUP.

        Raises:
            HomeInUseError: another server holds it; the message names its process.
        """
        try:
            descriptor = locked(self.folder)
        except BlockingIOError as error:
            raise HomeInUseError(
                f"A server runs on the home folder {str(self.folder)!r} already (process "
                f"{pid_in(self.folder)}). Stop it, or name another folder with --home."
            ) from error
        except OSError as error:
            raise _unusable(self.folder / "server.lock", error) from error
        try:
            yield ServerLock(descriptor, reloads)
        finally:
            os.close(descriptor)


def _unusable(path: Path, error: OSError) -> HomeUnusableError:
    return HomeUnusableError(
        f"{str(path)!r} cannot be used: {error.strerror}. Name another home folder with --home."
    )
