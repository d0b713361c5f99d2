"""Opaque fields: parts of a model's output that only its API reads, and expects back with the next request.

They carry signed or encrypted reasoning. One changed byte invalidates them, so their JSON passes both ways
unchanged. They are content, like everything in a message.
"""

from collections.abc import Mapping
from typing import TypeAlias

RawJson: TypeAlias = Mapping[str, str]
"""Name -> JSON text, with numbers spelled as the engine spelled them."""

ANSWERED = frozenset(
    {
        "reasoning_details",  # OpenRouter
        "thinking_blocks",  # LiteLLM: Anthropic's blocks with their signatures
        "extra_content",  # Gemini: `google.thought_signature`
        "provider_specific_fields",  # LiteLLM
        "reasoning_opaque",  # GitHub Copilot
    }
)
"""Fields of a response's message or delta.

Source: openrouter.ai/docs/use-cases/reasoning-tokens (preserving reasoning blocks);
docs.litellm.ai/docs/reasoning_content; ai.google.dev/gemini-api/docs/openai (reasoning signatures).
"""
SHOWN = frozenset({"annotations", "images"})
"""Further response fields that pass to the caller and are not expected back.

Source: OpenAI's `annotations` of web search; openrouter.ai/docs/features/multimodal (`images`).
"""
CALLED = frozenset({"extra_content", "provider_specific_fields", "thought_signature"})
"""Fields of a tool call. Source: as above."""
RETURNED = ANSWERED | {"refusal"}
"""Fields of an assistant message of a request."""
READABLE = frozenset({"reasoning_details", "thinking_blocks"})
"""Fields that may contain readable reasoning; removed where reasoning is removed."""
DEEPEST = 32
"""Nesting levels of a field's JSON; deeper fields are dropped, as no request could return them."""
MOST_CHARACTERS = 8 * 2**20
"""Limit of all opaque fields of one response, in characters of JSON."""


def readable_text(details: object) -> str | None:
    """Return the readable reasoning in `reasoning_details` or `thinking_blocks`, if any.

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


def merge(into: dict[str, object], fields: Mapping[str, object]) -> None:
    """Add opaque fields of one message to those before: lists go on, objects are put together.

    `into` holds lists and objects of its own, so that many messages are merged in linear time.

    >>> fields = {}
    >>> merge(fields, {"thinking_blocks": [1]}), merge(fields, {"thinking_blocks": [2]})
    (None, None)
    >>> fields
    {'thinking_blocks': [1, 2]}
    """
    for name, value in fields.items():
        before = into.get(name)
        if isinstance(before, list) and isinstance(value, list):
            before += value
        elif isinstance(before, dict) and isinstance(value, dict):
            before |= value
        else:
            into[name] = value.copy() if isinstance(value, list | dict) else value


def is_shallow(value: object, levels: int = DEEPEST) -> bool:
    """Whether a JSON value nests at most `levels` deep.

    >>> is_shallow([[1]], 2), is_shallow([[1]], 1)
    (True, False)
    """
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(is_shallow(part, levels - 1) for part in parts)
