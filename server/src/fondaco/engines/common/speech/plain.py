"""Plain text: the readable part of a text, without markup and unreadable characters."""

import re
import unicodedata

_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
"""Of Markdown; hibari takes the like for a command to pronounce what stands in the brackets."""
_TAG = re.compile(r"</?[A-Za-z!?][^<>]{0,500}>")
"""Of SSML, HTML or XML: none of them is heeded, and none is to be heard."""
_OPENING = re.compile(r"(?<![^\W_])[*_`~]{1,3}(?=[\w\"'(])")
_CLOSING = re.compile(r"(?<=[\w.,;:!?)\"'])[*_`~]{1,3}(?![^\W_])")
_HEADING = re.compile(r"^\s{0,3}(?:#{1,6}|[-*+]|>)\s+", re.MULTILINE)


def plain(text: str) -> str:
    """Return a text without tags, without the marks of Markdown, and without control characters.

    >>> plain("**Read** <b>this</b>, as [the guide](https://a.example) says.")
    'Read  this , as the guide says.'
    """
    text = "".join(one if unicodedata.category(one)[0] != "C" else " " for one in text)
    text = _TAG.sub(" ", _LINK.sub(r"\1", text))
    return _CLOSING.sub("", _OPENING.sub("", _HEADING.sub("", text)))
