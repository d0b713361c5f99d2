"""Message content that arrives as parts instead of text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fondaco.engines.openai.reply.shapes import MalformedReplyError

_DEEPEST = 4
"""Nesting levels of parts: Mistral's reasoning is a list in a part in a list."""


@dataclass(slots=True)
class ContentTexts:
    """The texts of one delta or message, by kind."""

    reasoning: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def split_content(reasoning: object, content: object, refusal: object) -> tuple[str, str, str]:
    """Return the reasoning, the text and the refusal of a message, each of which may be parts.

    Parts without text, such as images, are skipped.

    >>> split_content("", [{"type": "text", "text": "A"}, "B", {"type": "refusal", "refusal": "C"}], "")
    ('', 'AB', 'C')

    Raises:
        MalformedReplyError: a value is neither text nor parts.
    """
    content_texts = ContentTexts()
    content_texts.reasoning += _texts(reasoning, _DEEPEST)
    for part in _parts(content):
        kind = part.get("type") if isinstance(part, dict) else None
        match kind:  # `match` also compares unhashable values
            case "thinking" | "reasoning":
                content_texts.reasoning += _texts(part, _DEEPEST)
            case "refusal":
                content_texts.refusals += _texts(part.get("refusal"), _DEEPEST)
            case "text" | "output_text" | None:
                content_texts.texts += _texts(part, _DEEPEST)
    content_texts.refusals += _texts(refusal, _DEEPEST)
    return (
        "".join(content_texts.reasoning),
        "".join(content_texts.texts),
        "".join(content_texts.refusals),
    )


def _parts(content: object) -> list[Any]:
    return content if isinstance(content, list) else [content]


def _texts(value: object, levels: int) -> Iterator[str]:
    """Yield the texts of a part, or of a list of parts."""
    match value:
        case None:
            return
        case str():
            yield value
        case list() if levels:
            for item in value:
                yield from _texts(item, levels - 1)
        case dict() if levels:
            for name in ("text", "thinking", "reasoning", "content", "summary"):
                if value.get(name):
                    yield from _texts(value[name], levels - 1)
                    return
        case _:
            raise MalformedReplyError
