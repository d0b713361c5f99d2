"""Intel TDX by the kernel's configfs-tsm: a folder is made, report data written, a quote read."""

import errno
from pathlib import Path
from secrets import token_hex
from typing import Final

import anyio

from fondaco.enclave.evidence.provider import Evidence, EvidenceUnavailableError
from fondaco.enclave.evidence.quotes import Quote

_ROOT: Final = Path("/sys/kernel/config/tsm/report")
_PROVIDER: Final = "tdx_guest"
_TRIES: Final = 3
"""Number of attempts on a busy machine."""


class TdxEvidence:
    """A TDX machine under Linux 6.7 or newer."""

    name = "tdx"
    tee_type = "tdx"
    hardware: str | None = "intel-tdx"
    identity_in_memory = True

    def __init__(self, root: Path = _ROOT) -> None:
        """Name the folder in which the kernel makes reports."""
        self._root = root

    async def evidence(self, report_data: bytes) -> Evidence:
        """Return a quote that binds these 64 bytes.

        Raises:
            EvidenceUnavailableError: this is no TDX machine, its kernel refuses, or it returns something else.

        Source: Linux, Documentation/ABI/testing/configfs-tsm-report.
        """
        quote = await anyio.to_thread.run_sync(self._quote, report_data)
        if Quote.of(quote).report_data != report_data:
            raise EvidenceUnavailableError("The hardware's quote belongs to another request.")
        document = {
            "provider": self.name,
            "quote": quote.hex(),
            "quote_report_data": report_data.hex(),
        }
        return Evidence(document, quote)

    def _quote(self, report_data: bytes) -> bytes:
        try:
            # A separate folder for each report, so no other writer can change the request before the read.
            folder = self._root / f"fondaco-{token_hex(8)}"
            folder.mkdir()
            try:
                return _asked(folder, report_data)
            finally:
                folder.rmdir()
        except OSError as error:
            raise EvidenceUnavailableError(
                f"No TDX quote by {str(self._root)!r}: {error.strerror}. Quotes need a TDX "
                "machine, Linux 6.7 or newer with configfs mounted, and write access to it."
            ) from error


def _asked(folder: Path, report_data: bytes) -> bytes:
    provider = (folder / "provider").read_text(encoding="ascii").strip()
    if provider != _PROVIDER:
        raise EvidenceUnavailableError(
            f"The kernel's reports come from {provider!r} instead of {_PROVIDER!r}."
        )
    return _answered(folder, report_data, _TRIES)


def _answered(folder: Path, report_data: bytes, tries: int) -> bytes:
    try:
        (folder / "inblob").write_bytes(report_data)
        return (folder / "outblob").read_bytes()
    except OSError as error:
        if error.errno != errno.EBUSY or tries == 1:
            raise
    return _answered(folder, report_data, tries - 1)
