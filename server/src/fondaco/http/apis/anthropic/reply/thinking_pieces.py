"""Pieces of Anthropic's thinking, as engines that pass it on send them in `thinking_blocks`.

Source: docs.litellm.ai/docs/reasoning_content.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import orjson


@dataclass(frozen=True, slots=True)
class ThinkingPiece:
    """A piece of a block of thinking; its signature comes last."""

    text: str
    signature: str


@dataclass(frozen=True, slots=True)
class RedactedPiece:
    """A block that only its engine can read."""

    data: str


THINKING_BLOCKS = "thinking_blocks"
"""The opaque field in which they come."""

Piece: TypeAlias = ThinkingPiece | RedactedPiece


def pieces_of(blocks: str | None) -> Iterator[Piece]:
    """Yield the pieces in the JSON of `thinking_blocks`; what is none is passed over.

    >>> list(pieces_of('[{"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "other"}]'))
    [ThinkingPiece(text='Hm.', signature='s')]
    """
    given = [] if blocks is None else orjson.loads(blocks)
    for block in given if isinstance(given, list) else ():
        match block:
            case {"type": "redacted_thinking", "data": str(data)}:
                yield RedactedPiece(data)
            case {"type": "thinking"}:
                yield ThinkingPiece(_text(block.get("thinking")), _text(block.get("signature")))
            case _:
                pass


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
