"""The environment of the process: variables, secrets by reference, and paths; the only module that reads it."""

import os
from collections.abc import Mapping
from pathlib import Path


class ConfigurationError(Exception):
    """The configuration cannot be used; `faults` holds one line for each thing that is wrong."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def environment() -> Mapping[str, str]:
    """Return the process's environment: the one place where it is read."""
    return dict(os.environ)


def secret(reference: str) -> str:
    """Return the secret that `env:NAME` or `file:PATH` stands for; no reference, no secret.

    A file's last line break does not belong to the secret.

    Raises:
        ConfigurationError: there is no such variable or file, or it is empty or no line of ASCII text,
            which is all that a header can carry.
    """
    scheme, _, place = reference.partition(":")
    if not reference:
        return ""
    try:
        text = os.environ[place] if scheme == "env" else _content(place)
    except KeyError as error:
        raise ConfigurationError(
            f"The secret {reference!r} is not set. Set it where the server starts: export {place}=..."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The secret {reference!r} cannot be read. Check that the file exists."
        ) from error
    if not text.strip():
        raise ConfigurationError(f"The secret {reference!r} is empty.")
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.isprintable() or not text.isascii():
        raise ConfigurationError(
            f"The secret {reference!r} contains a line break or another character that is invalid in a header."
        )
    return text


def expanded(path: str | Path) -> Path:
    """Return an absolute path, `~` and `~user` replaced by home directories.

    Raises:
        ConfigurationError: the home or working directory does not exist.
    """
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        raise ConfigurationError(
            f"{str(path)!r} refers to a home directory, and this user has none. Set HOME, or "
            "write an absolute path."
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{str(path)!r} is relative, and the working directory cannot be used: "
            f"{error.strerror}. Write an absolute path."
        ) from None


def _content(path: str) -> str:
    return expanded(path).read_text(encoding="utf-8-sig")
