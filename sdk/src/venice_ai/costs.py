"""Cost estimates, from word counts and the model's prices.

All amounts are decimals. `client.billing.usage` has the actual charges.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from venice_ai.types.api.messages import AnyMessage
from venice_ai.types.api.models import Model

__all__ = ["ChatCostEstimate", "SpeechQuote", "estimate_completion_cost", "quote_speech"]

PRICED_TOKENS = 1_000_000
"""Prices are for so many."""
EXPECTED_COMPLETION_TOKENS = 500
TOKENS_PER_WORD = 1.3
"""Of English."""


@dataclass(frozen=True, slots=True)
class ChatCostEstimate:
    """Estimated cost of a chat, in USD (the same number in DIEM)."""

    model: str
    """The id of the model."""
    prompt_tokens: int
    completion_tokens: int
    prompt_cost_usd: Decimal
    completion_cost_usd: Decimal

    @property
    def total_cost_usd(self) -> Decimal:
        """Both together."""
        return self.prompt_cost_usd + self.completion_cost_usd

    @property
    def total_tokens(self) -> int:
        """Both together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class SpeechQuote:
    """Cost of reading a text aloud, in USD (the same number in DIEM)."""

    model: str
    """The id of the model."""
    characters: int
    """Of the text."""
    cost_usd: Decimal


def quote_speech(model: Model, text: str) -> SpeechQuote:
    """Return the price of reading a text aloud in full.

    Args:
        model: From `client.models.list(type="tts")`, or from `client.models.find`.
        text: The text to read aloud.

    Raises:
        ValueError: The model has no price by the character.
    """
    pricing = model.model_spec.pricing
    if model.type != "tts" or pricing is None or pricing.input is None:
        raise ValueError(f"{model.id!r} has no price for characters, so it cannot be quoted.")
    cost = len(text) * pricing.input.usd / PRICED_TOKENS
    return SpeechQuote(model=model.id, characters=len(text), cost_usd=cost)


def estimate_completion_cost(
    model: Model,
    messages: Sequence[AnyMessage],
    *,
    expected_completion_tokens: int = EXPECTED_COMPLETION_TOKENS,
    tokens_per_word: float = TOKENS_PER_WORD,
) -> ChatCostEstimate:
    """Estimate the cost of a chat, without images, audio and cached tokens.

    Args:
        model: From `client.models.list` or `client.models.find`.
        messages: The messages to send.
        expected_completion_tokens: How long the answer will be, thoughts included.
        tokens_per_word: More than 1.3 for code and for languages that are not English; what is
            written without spaces must be counted by other means.

    Raises:
        ValueError: The model has no price by the token, or a number is below 0 or infinite.
    """
    if expected_completion_tokens < 0 or not 0 <= tokens_per_word < math.inf:
        raise ValueError(
            f"expected_completion_tokens={expected_completion_tokens!r} and "
            f"tokens_per_word={tokens_per_word!r} have to be 0 or more, and finite."
        )
    pricing = model.model_spec.pricing
    if pricing is None or pricing.input is None or pricing.output is None:
        raise ValueError(f"{model.id!r} has no price for tokens, so its cost cannot be estimated.")
    words = sum(len(text.split()) for text in _texts(messages))
    prompt_tokens = math.ceil(words * Decimal(str(tokens_per_word)))
    return ChatCostEstimate(
        model=model.id,
        prompt_tokens=prompt_tokens,
        completion_tokens=expected_completion_tokens,
        prompt_cost_usd=prompt_tokens * pricing.input.usd / PRICED_TOKENS,
        completion_cost_usd=expected_completion_tokens * pricing.output.usd / PRICED_TOKENS,
    )


def _texts(messages: Iterable[AnyMessage]) -> Iterator[str]:
    """Yield the texts that the model will read."""
    for message in messages:
        content = message.get("content")
        for part in (content,) if isinstance(content, str) else content or ():
            yield _text(part)
        for call in message.get("tool_calls") or ():
            yield f"{call['function']['name']} {call['function']['arguments']}"


def _text(part: str | Mapping[str, Any]) -> str:
    return part if isinstance(part, str) else str(part.get("text") or "")
