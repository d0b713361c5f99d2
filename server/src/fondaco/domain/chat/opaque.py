"""Opaque fields: parts of an answer that only its model's API reads, and wants back with the next request.

They hold signatures and ciphers of a model's reasoning. One byte changed makes them invalid, so their
JSON passes both ways untouched, and nothing here reads it. They are content, as everything in a message.
"""

from collections.abc import Mapping
from typing import TypeAlias

Spelled: TypeAlias = Mapping[str, str]
"""Name -> JSON text, numbers spelled as the engine spelled them."""

ANSWERED = frozenset(
    {
        "reasoning_details",  # OpenRouter
        "thinking_blocks",  # LiteLLM: Anthropic's blocks with their signatures
        "extra_content",  # Gemini: `google.thought_signature`
        "provider_specific_fields",  # LiteLLM
        "reasoning_opaque",  # GitHub Copilot
    }
)
"""Fields of an answer's message or delta.

Source: openrouter.ai/docs/use-cases/reasoning-tokens (preserving reasoning blocks);
docs.litellm.ai/docs/reasoning_content; ai.google.dev/gemini-api/docs/openai (thought signatures).
"""
SHOWN = frozenset({"annotations", "images"})
"""Further fields of an answer that pass to the caller: nobody wants them back.

Source: OpenAI's `annotations` of web search; openrouter.ai/docs/features/multimodal (`images`).
"""
CALLED = frozenset({"extra_content", "provider_specific_fields", "thought_signature"})
"""Fields of a call of a function. Source: as above."""
RETURNED = ANSWERED | {"refusal"}
"""Fields of an assistant message of a request."""
READABLE = frozenset({"reasoning_details", "thinking_blocks"})
"""Those that may tell a thought in words: whoever is shown no thoughts is not shown them either."""
DEEPEST = 32
"""Levels of one field's JSON. Deeper ones are left out: no request could bring them back."""
MOST_BYTES = 8 * 2**20
"""Of all opaque fields of one reply."""


def readable_text(details: object) -> str | None:
    """Return the thoughts that `reasoning_details` or `thinking_blocks` tell in words, if any.

    >>> readable_text([{"type": "reasoning.text", "text": "Hm."}, {"type": "reasoning.encrypted"}])
    'Hm.'
    """
    if not isinstance(details, list):
        return None
    texts = [
        text
        for detail in details
        if isinstance(detail, dict)
        for name in ("text", "thinking")
        if isinstance(text := detail.get(name), str)
    ]
    return "".join(texts) or None


def is_shallow(value: object, levels: int = DEEPEST) -> bool:
    """Whether a JSON value has at most so many levels.

    >>> is_shallow([[1]], 2), is_shallow([[1]], 1)
    (True, False)
    """
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(is_shallow(part, levels - 1) for part in parts)
