"""Standard input of commands, where something is piped in."""

import sys

from fondaco.cli.exits import FailedError

_MOST_TEXT_BYTES = 64 * 2**20


def piped_text() -> str:
    """Return the text that is piped in; empty: standard input is a terminal, closed or empty.

    Raises:
        FailedError: it is no UTF-8, or too long.
    """
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return ""
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:  # replaced by a program that runs this one in its own process
        return sys.stdin.read()
    content = stream.read(_MOST_TEXT_BYTES + 1)
    if len(content) > _MOST_TEXT_BYTES:
        raise FailedError(
            f"Standard input is larger than the limit of {_MOST_TEXT_BYTES // 2**20} MiB."
        )
    try:
        return str(content, "utf-8-sig")
    except UnicodeDecodeError as error:
        raise FailedError(
            f"Standard input is not UTF-8 text (byte {error.start:,}). Send images with --image."
        ) from error
