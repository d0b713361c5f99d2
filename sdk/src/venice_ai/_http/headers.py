"""Validation of callers' request headers, so that no library quotes a bad value in an error."""

import re
from collections.abc import Iterator, Mapping

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Source: RFC 9110, section 5.1."""
_SHORTEST_SECRET = 6
"""Shorter values are no secrets, and replacing them would garble any text."""
_SECRET = re.compile(r"auth|key|token|secret|cookie|password")
HIDDEN = "[secret]"


def checked(headers: Mapping[str, str], source: str) -> dict[str, str]:
    """Return headers, their names in lower case.

    Args:
        headers: Names to values.
        source: Their name in errors: `default_headers`.

    Raises:
        TypeError: A value is no text.
        ValueError: HTTP cannot carry a name or a value. The error doesn't show it: it may be secret.

    >>> checked({"X-Team": "blue"}, "default_headers")
    {'x-team': 'blue'}
    """
    sendable: dict[str, str] = {}
    for position, (name, value) in enumerate(headers.items(), 1):
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"The name of header {position} of {source} has characters that HTTP does not allow. "
                "Use letters, digits and dashes."
            )
        sendable[name.lower()] = _sendable(value, f"The header {name.lower()!r} of {source}")
    return sendable


def bearer(api_key: str, source: str) -> str:
    """Return the value of the header Authorization for an API key.

    Args:
        api_key: The key.
        source: Where it is from, for errors: `api_key` or `VENICE_API_KEY`.

    Raises:
        TypeError: The key is no text.
        ValueError: HTTP cannot carry it as a key. The error doesn't show it.
    """
    key = _sendable(api_key, f"The API key of {source}")
    if " " in key or "\t" in key:
        raise ValueError(f"The API key of {source} contains a space. Copy it again.")
    return f"Bearer {key}"


def secrets(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of headers that must not be shown.

    >>> list(secrets({"authorization": "Bearer sk-2f7a9c", "accept": "text/csv"}))
    ['sk-2f7a9c']
    """
    for name, value in headers.items():
        secret = value.rpartition(" ")[2]
        if _SECRET.search(name.lower()) and len(secret) >= _SHORTEST_SECRET:
            yield secret


def _sendable(value: str, subject: str) -> str:
    """Return a value that is valid in an HTTP header.

    Source:
        RFC 9110, section 5.5; bytes beyond ASCII have no meaning there.
    """
    if not isinstance(value, str):
        raise TypeError(f"{subject} is of type {type(value).__name__}. Pass it as a str.")
    fault = _fault(value)
    if fault is not None:
        raise ValueError(f"{subject} {fault}, which HTTP cannot carry. Remove it.")
    return value


def _fault(value: str) -> str | None:
    for position, sign in enumerate(value):
        if sign in "\r\n":
            last = not value[position:].strip()
            return "ends with a line break" if last else f"has a line break at {position}"
        if not sign.isascii():
            return f"has a character at {position} that is not ASCII"
        if not (sign.isprintable() or sign == "\t"):
            return f"has a control character at {position}"
    if value[:1].isspace():
        return "starts with a space"
    return "ends with a space" if value[-1:].isspace() else None
