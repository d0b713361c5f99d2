"""The authority of a request: the host, perhaps with a port, that its Host header or target names."""

import re

from fondaco.domain.errors import InvalidRequestError

_AUTHORITY = re.compile(
    rb"(\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(:[0-9]{0,5})?"
)
"""A host, perhaps with a port, without user information (RFC 3986, 3.2; RFC 9112, 3.2)."""
_known: set[bytes] = set()
"""Hosts that were found in order: the first that came."""
_MOST_KNOWN = 64
_LONGEST_KNOWN = 64


def expect_authority(value: bytes) -> None:
    """Return if the value of a Host header, or the authority of a URL, follows the grammar.

    Raises:
        InvalidRequestError: it does not, so another reader might take another host from it.
    """
    if value in _known:
        return
    if _AUTHORITY.fullmatch(value) is None:
        raise InvalidRequestError(
            "The Host must be a host name or an IP address, with or without a port."
        )
    if len(_known) < _MOST_KNOWN and len(value) <= _LONGEST_KNOWN:
        _known.add(value)
