"""Files that commands make: refused before the work where they cannot be written, then written."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from fondaco.cli.exits import Exit, FailedError

if TYPE_CHECKING:
    from fondaco.domain.errors import FondacoError

_LISTED = re.compile(r"GET /api/v1/models(?:\?type=\w+)? lists all\.")


def expect_writable(output: Path, *, force: bool) -> None:
    """Refuse a file that is there already, or has no folder: before the work that would be in vain.

    Raises:
        FailedError: it is.
    """
    if output.is_dir():
        raise FailedError(f"{output} is a folder. Name a file.")
    if output.exists() and not force:
        raise FailedError(
            f"{output} already exists. Name another file, or overwrite it with --force."
        )
    if not output.parent.is_dir():
        raise FailedError(
            f"The folder {str(output.parent)!r} does not exist. Create it, or name another file."
        )


def write_made(output: Path, content: bytes) -> None:
    """Write what was made.

    Raises:
        FailedError: the file cannot be written.
    """
    try:
        output.write_bytes(content)
    except OSError as error:
        raise FailedError(f"{output} could not be written: {error.strerror}.") from error


def failed(error: "FondacoError") -> FailedError:
    """Return an error as a command tells it: with the command that lists the models, not the path.

    >>> from fondaco.domain.errors import ModelNotFoundError
    >>> str(failed(ModelNotFoundError("Not found: 'nova'. GET /api/v1/models?type=asr lists all.")))
    "Not found: 'nova'. List them with: fondaco models list"
    """
    from fondaco.domain.errors import ModelNotFoundError

    if isinstance(error, ModelNotFoundError):
        message = _LISTED.sub("List them with: fondaco models list", str(error))
        return FailedError(message, Exit.UNKNOWN)
    return FailedError(str(error))
