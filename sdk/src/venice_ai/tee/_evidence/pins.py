"""Identities that were trusted at their first use, in a file that the caller names, or in memory."""

import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venice_ai._json_values import is_object
from venice_ai.tee._evidence.reading import refused
from venice_ai.tee.types import Attestation

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_TRIES, _BETWEEN_TRIES_S = 200, 0.01
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Pin:
    """Pinned identity of a server's enclave."""

    workload_id: str
    epoch: int
    format: str
    hardware: bool

    def check(self, found: Attestation, where: str, *, chosen: bool) -> None:
        """See that an enclave is the one that was trusted, and proves no less than before.

        Args:
            found: The enclave's current identity.
            where: Where this pin is kept.
            chosen: Whether the caller chose the protocol, so that another one is no sign of a relay.

        Raises:
            TeeAttestationError: It is another one, an older keyset, or a weaker proof.
        """
        forget = f"If that is expected, remove its entry from {where}."
        if found.workload_id != self.workload_id:
            raise refused(
                f"The enclave's identity changed from {self.workload_id!r} to {found.workload_id!r}: another "
                f"installation answers, or somebody in between. {forget}",
                code="TEE_IDENTITY_CHANGED",
            )
        if (found.epoch or 0) < self.epoch:
            raise refused(
                f"The enclave shows keys of epoch {found.epoch!r}, older than {self.epoch!r} before. {forget}",
                code="TEE_IDENTITY_CHANGED",
            )
        weaker = [
            word
            for word, lost in (
                ("hardware", self.hardware and not found.hardware),
                ("ACI", not chosen and self.format == "aci" != found.format),
            )
            if lost
        ]
        if weaker:
            raise refused(
                f"The enclave was trusted with {' and '.join(weaker)}, which is missing now. {forget}",
                code="TEE_IDENTITY_CHANGED",
            )


class Pins:
    """The pins of one file; without a file they live as long as this object."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self._path = None if path is None else Path(path).resolve()
        self._kept: dict[str, dict[str, Any]] = {}

    @property
    def where(self) -> str:
        """Location of the pins, for messages."""
        return "the client's memory (make a new client)" if self._path is None else str(self._path)

    def meet(self, server: str, found: Attestation, *, chosen: bool) -> None:
        """Check a server's enclave, or trust it if it is new.

        Args:
            server: Its address.
            found: The enclave's current identity.
            chosen: Whether the caller chose the protocol.

        Raises:
            TeeAttestationError: It is not the one that was trusted, or the file cannot be relied on.
        """
        with self._held():
            self._meet(server, found, chosen=chosen)

    def _meet(self, server: str, found: Attestation, *, chosen: bool) -> None:
        pins = self._read()
        pin = _pin(pins.get(server), self.where)
        if pin is not None:
            pin.check(found, self.where, chosen=chosen)
        if found.workload_id is None:
            if self._path is None:
                return
            raise refused("The server's attestation names no identity that could be pinned.")
        form = found.format if pin is None or pin.format != "aci" else pin.format
        kept = Pin(found.workload_id, found.epoch or 0, form, found.hardware)
        if kept != pin:
            pins[server] = {name: getattr(kept, name) for name in Pin.__slots__}
            self._write(pins)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keep other processes from pinning meanwhile: of two first meetings, the later one would be forgotten.

        The folder is locked, as the file is replaced.
        """
        if self._path is None or fcntl is None:
            yield
            return
        try:
            folder = os.open(self._path.parent, os.O_RDONLY)
        except OSError as error:
            raise refused(
                f"The pin file {str(self._path)!r} cannot be written: {error.strerror}."
            ) from error
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # the lock is held only while a file is written
            yield
        finally:
            os.close(folder)

    def _lock(self, folder: int) -> None:
        """Lock a folder; locks are held only while a file is written."""
        for _ in range(_TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(_BETWEEN_TRIES_S)
        raise refused(
            f"The folder of the pin file {str(self._path)!r} is locked by another process."
        )

    def _read(self) -> dict[str, Any]:
        if self._path is None:
            return self._kept
        try:
            status = self._path.stat()
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise refused(
                f"The pin file {str(self._path)!r} cannot be read: {error.strerror}."
            ) from error
        if os.name == "posix" and status.st_mode & _OTHERS_WRITE:
            raise refused(
                f"Others may write the pin file {str(self._path)!r}. Run: chmod 600 {self._path}"
            )
        if os.name == "posix" and status.st_uid not in {0, os.geteuid()}:
            raise refused(
                f"The pin file {str(self._path)!r} belongs to another user, who could have pinned anything. "
                "Name a file of your own."
            )
        with suppress(ValueError):
            pins = json.loads(text)
            if is_object(pins):
                return dict(pins)
        raise refused(
            f"The pin file {str(self._path)!r} is damaged. Restore it, or remove it to trust anew."
        )

    def _write(self, pins: dict[str, Any]) -> None:
        """Replace the file as a whole, so that a crash leaves the old one or the new one."""
        if self._path is None:
            return
        try:
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:  # mkstemp makes it 0600
                    json.dump(pins, file, indent=1, sort_keys=True)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise refused(
                f"The pin file {str(self._path)!r} cannot be written: {error.strerror}."
            ) from error


def _pin(entry: object, where: str) -> Pin | None:
    match entry:
        case None:
            return None
        case {
            "workload_id": str(workload_id),
            "epoch": int(epoch),
            "format": str(form),
            "hardware": bool(hardware),
        }:
            return Pin(workload_id, epoch, form, hardware)
    raise refused(f"The pin file's entry is damaged. Remove it from {where} to trust anew.")
