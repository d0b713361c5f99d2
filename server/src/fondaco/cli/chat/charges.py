"""The line under an answer: tokens, how fast they came, and what they cost."""

from dataclasses import dataclass

from fondaco.cli.chat.answer import Answer, AnswerTokens

_PER_PRICE = 1_000_000
"""Prices are those of a million tokens."""
_FEWEST_TIMED = 2
_DIGITS_FROM = 0.01


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """The price of a million tokens of a model, in US dollars."""

    input: float
    output: float
    cached_input: float

    @classmethod
    def of(cls, entry: object) -> "ModelPrice | None":
        """Return the price in a model's entry of `GET /models/{id}`; None: the server tells none."""
        pricing = _inside(_inside(entry, "model_spec"), "pricing")
        prices = [_usd(_inside(pricing, name)) for name in ("input", "output", "cache_input")]
        taken, made, cached = prices
        if taken is None or made is None:
            return None
        return cls(taken, made, taken if cached is None else cached)

    def charge(self, tokens: AnswerTokens) -> float:
        """Return what an answer costs, in US dollars."""
        cached = min(tokens.cached, tokens.prompt)
        parts = (
            (tokens.prompt - cached) * self.input,
            cached * self.cached_input,
            tokens.output * self.output,
        )
        return sum(parts) / _PER_PRICE


@dataclass(slots=True)
class Spent:
    """The sum of a conversation's answers."""

    answers: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    is_priced: bool = False

    def add(self, tokens: AnswerTokens, price: ModelPrice | None) -> None:
        """Add an answer."""
        self.answers += 1
        self.prompt_tokens += tokens.prompt
        self.output_tokens += tokens.output
        if price is not None:
            self.usd += price.charge(tokens)
            self.is_priced = True


def answer_line(answer: Answer, seconds: float, price: ModelPrice | None, *, charged: bool) -> str:
    """Return the line under an answer.

    Args:
        answer: with its tokens, where the server reported them.
        seconds: from the first piece to the last one.
        price: of its model, where it is known.
        charged: whether the call may be charged at all.
    """
    parts = [answer.model] if answer.model else []
    if (tokens := answer.tokens) is not None:
        parts.append(f"{tokens.prompt:,} + {tokens.output:,} tokens")
        if tokens.output >= _FEWEST_TIMED and seconds > 0:
            parts.append(f"{(tokens.output - 1) / seconds:.1f} tokens/s")
        if not charged:
            parts.append("no charge")
        elif price is not None:
            parts.append(dollars(price.charge(tokens)))
    if answer.finish_reason == "length":
        parts.append("truncated at the token limit")
    elif answer.finish_reason == "content_filter":
        parts.append("stopped by the content filter")
    return " · ".join(parts)


def dollars(usd: float) -> str:
    """Return an amount with the digits that tell it from nothing.

    >>> dollars(0.0000123), dollars(0.25), dollars(0)
    ('$0.000012', '$0.2500', '$0')
    """
    if usd == 0:
        return "$0"
    if usd >= _DIGITS_FROM:
        return f"${usd:.4f}"
    return f"${usd:.9f}"[: _first_digit(usd) + len("$0.") + 2]


def _first_digit(usd: float) -> int:
    """Return how many places after the point the first digit is that is no zero."""
    decimals = f"{usd:.9f}".partition(".")[2]
    return len(decimals) - len(decimals.lstrip("0"))


def _inside(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _usd(value: object) -> float | None:
    usd = _inside(value, "usd")
    return float(usd) if isinstance(usd, (int, float)) else None
