"""Log probabilities in OpenAI's shape."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from fondaco.domain.chat.events import TokenLogprob
from fondaco.domain.untrusted_numbers import finite, whole

_UNLIKELIEST = -9999.0
"""What OpenAI writes for a log probability beyond measure; others write null, NaN or -Infinity."""
_MOST_OF_A_BYTE = 255


def logprobs_of(given: object, top: int) -> tuple[TokenLogprob, ...] | None:
    """Return the tokens of a choice's `logprobs`, each with at most `top` alternatives.

    None where it names none. An entry without a token is left out. The older shape, of lists side by
    side, is taken as well.

    >>> logprobs_of({"content": [{"token": "A", "logprob": "low", "bytes": [300]}]}, 0)
    (TokenLogprob(token='A', logprob=-9999.0, bytes=None, top=()),)
    """
    if not isinstance(given, dict):
        return None
    if "token_logprobs" in given:
        return tuple(_side_by_side(given, top)) or None
    return tuple(_tokens(given.get("content"), top)) or None


def _side_by_side(given: Mapping[str, object], top: int) -> Iterator[TokenLogprob]:
    """Yield the tokens of POST /completions' shape.

    >>> older = {"tokens": ["A"], "token_logprobs": [-1], "top_logprobs": [{"B": -0.5, "A": -1}]}
    >>> [(one.token, one.top[0].token) for one in _side_by_side(older, 1)]
    [('A', 'B')]
    """
    tokens, logprobs, likely = (
        found if isinstance(found := given.get(name), list) else []
        for name in ("tokens", "token_logprobs", "top_logprobs")
    )
    for token, logprob, others in zip_longest(
        tokens, logprobs[: len(tokens)], likely[: len(tokens)]
    ):
        if isinstance(token, str):
            ranked = others.items() if isinstance(others, dict) and top else ()
            likeliest = [TokenLogprob(text, logprob_of(one), None) for text, one in ranked]
            likeliest.sort(key=lambda one: -one.logprob)
            yield TokenLogprob(token, logprob_of(logprob), None, tuple(likeliest[:top]))


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
