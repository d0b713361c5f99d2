"""Log probabilities in OpenAI's shape."""

from collections.abc import Sequence

from fondaco.domain.chat.events import TokenLogprob
from fondaco.domain.untrusted_numbers import finite, whole

_UNLIKELIEST = -9999.0
"""What OpenAI writes for a log probability beyond measure; others write null, NaN or -Infinity."""
_MOST_OF_A_BYTE = 255


def logprobs_of(given: object, top: int) -> tuple[TokenLogprob, ...] | None:
    """Return the tokens of a choice's `logprobs`, each with at most `top` alternatives.

    None where it names none. An entry without a token is left out.

    >>> logprobs_of({"content": [{"token": "A", "logprob": "low", "bytes": [300]}]}, 0)
    (TokenLogprob(token='A', logprob=-9999.0, bytes=None, top=()),)
    """
    content = given.get("content") if isinstance(given, dict) else None
    return tuple(_tokens(content, top)) or None


def _tokens(given: object, top: int) -> list[TokenLogprob]:
    """Return the tokens of a list; `top` is 0 for one of alternatives, which have none themselves."""
    if not isinstance(given, list):
        return []
    return [
        TokenLogprob(
            token=one["token"],
            logprob=logprob_of(one.get("logprob")),
            bytes=_bytes(one.get("bytes")),
            top=tuple(_tokens(one.get("top_logprobs"), 0)[:top]) if top else (),
        )
        for one in given
        if isinstance(one, dict) and isinstance(one.get("token"), str)
    ]


def logprob_of(given: object) -> float:
    """Return a log probability; one that is no number stands for what cannot be sampled."""
    number = finite(given)
    return _UNLIKELIEST if number is None else number


def _bytes(given: object) -> tuple[int, ...] | None:
    if not isinstance(given, Sequence) or isinstance(given, str):
        return None
    spelled = [byte for one in given if (byte := whole(one, _MOST_OF_A_BYTE)) is not None]
    return tuple(spelled) if len(spelled) == len(given) else None
