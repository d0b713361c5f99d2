"""Hexadecimal, read strictly: what Python's own reader lets pass could hide a changed byte."""

import re

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")


def unhex(text: str) -> bytes:
    r"""Return the bytes that a text tells.

    Raises:
        ValueError: It has other characters than hexadecimal digits, an odd number of them, or none.

    >>> unhex("00ff")
    b'\x00\xff'
    """
    if not _HEX.fullmatch(text):
        raise ValueError("It is no hexadecimal.")
    return bytes.fromhex(text)
