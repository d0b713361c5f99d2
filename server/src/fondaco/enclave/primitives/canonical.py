"""Canonical JSON and digests, over which both signatures and associated data are computed."""

from collections.abc import Mapping
from hashlib import sha256
from typing import TypeAlias

import rfc8785

Json: TypeAlias = "bool | int | str | list[Json] | tuple[Json, ...] | Mapping[str, Json] | None"
"""JSON as the protocol's objects use it: numbers are integers."""


class NotCanonicalError(ValueError):
    """A value has no canonical form: an unpaired surrogate, an integer beyond 2**53, a thousand levels."""


def canonical(value: Json) -> bytes:
    """Return the canonical form of JSON.

    >>> canonical({"b": 1, "a": ["x", None]})
    b'{"a":["x",null],"b":1}'

    Raises:
        NotCanonicalError: it has none.

    Source: RFC 8785; ACI, section 3.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeError):
        # The library's message may quote the value, which must not reach a log.
        raise NotCanonicalError("The value has no canonical JSON form.") from None


def digest(value: Json) -> str:
    """Return `sha256:` and the hash of a value's canonical form."""
    return digest_of_bytes(canonical(value))


def digest_of_bytes(content: bytes) -> str:
    """Return `sha256:` and the hash of bytes.

    >>> digest_of_bytes(b"example-evidence")
    'sha256:80d70e44d0ae1e829fd5f37c3ee4a60dfbea8d3aa18407ea3f34cf7ec91da34d'
    """
    return f"sha256:{sha256(content).hexdigest()}"
