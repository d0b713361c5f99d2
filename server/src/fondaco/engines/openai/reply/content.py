"""Message content that arrives as parts instead of text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_DEEPEST = 4
"""Levels of parts within parts: Mistral's reasoning are a list within a part within a list."""


@dataclass(slots=True)
class Words:
    """The words of one delta or message, by what they are."""

    thoughts: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def taken_apart(thought: object, content: object, refusal: object) -> tuple[str, str, str]:
    """Return the reasoning, the text and the refusal of a message, each of which may be parts.

    Parts that have no words, such as images, are left out.

    >>> taken_apart("", [{"type": "text", "text": "A"}, "B", {"type": "refusal", "refusal": "C"}], "")
    ('', 'AB', 'C')

    Raises:
        TypeError: it says something that is neither text nor parts.
    """
    words = Words()
    words.thoughts += _texts(thought, _DEEPEST)
    for part in _parts(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in {"thinking", "reasoning"}:
            words.thoughts += _texts(part, _DEEPEST)
        elif kind == "refusal":
            words.refusals += _texts(part.get("refusal"), _DEEPEST)
        elif kind in {"text", "output_text", None}:
            words.texts += _texts(part, _DEEPEST)
    words.refusals += _texts(refusal, _DEEPEST)
    return "".join(words.thoughts), "".join(words.texts), "".join(words.refusals)


def _parts(content: object) -> list[Any]:
    return content if isinstance(content, list) else [content]


def _texts(told: object, levels: int) -> Iterator[str]:
    """Yield the texts of a part, or of a list of them."""
    match told:
        case None:
            return
        case str():
            yield told
        case list() if levels:
            for one in told:
                yield from _texts(one, levels - 1)
        case dict() if levels:
            for name in ("text", "thinking", "reasoning", "content", "summary"):
                if told.get(name):
                    yield from _texts(told[name], levels - 1)
                    return
        case _:
            raise TypeError
