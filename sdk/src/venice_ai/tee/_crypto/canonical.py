"""Canonical JSON (RFC 8785), and digests in ACI's form."""

import hashlib

import rfc8785


def canonical(value: object) -> bytes:
    """Return a JSON value's canonical bytes, which every party makes alike.

    Raises:
        ValueError: It contains a value without a canonical form, such as an integer beyond 53 bits.

    Source:
        ACI, section 3.

    >>> canonical({"b": 1, "a": None})
    b'{"a":null,"b":1}'
    """
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type] # of JSON, or it says so
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(f"It cannot be canonicalized: {error}") from error


def digest(content: bytes) -> str:
    """Return the digest of bytes.

    >>> digest(b"")[:15]
    'sha256:e3b0c442'
    """
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
