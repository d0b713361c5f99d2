"""Log probabilities in OpenAI's shape."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from fondaco.domain.chat.events import TokenLogprob
from fondaco.domain.untrusted_numbers import finite, whole

_UNLIKELIEST = -9999.0
"""OpenAI's value for the probability 0; others send null, NaN or -Infinity."""
_MOST_OF_A_BYTE = 255


def logprobs_of(logprobs: object, top: int) -> tuple[TokenLogprob, ...] | None:
    """Return the tokens of a choice's `logprobs`, each with at most `top` alternatives.

    None if there are none. Entries without a token are skipped. The older shape, of lists side by
    side, is taken as well.

    >>> logprobs_of({"content": [{"token": "A", "logprob": "low", "bytes": [300]}]}, 0)
    (TokenLogprob(token='A', logprob=-9999.0, bytes=None, top=()),)
    """
    if not isinstance(logprobs, dict):
        return None
    if "token_logprobs" in logprobs:
        return tuple(_side_by_side(logprobs, top)) or None
    return tuple(_tokens(logprobs.get("content"), top)) or None


def _side_by_side(lists: Mapping[str, object], top: int) -> Iterator[TokenLogprob]:
    """Yield the tokens of POST /completions' shape.

    >>> older = {"tokens": ["A"], "token_logprobs": [-1], "top_logprobs": [{"B": -0.5, "A": -1}]}
    >>> [(one.token, one.top[0].token) for one in _side_by_side(older, 1)]
    [('A', 'B')]
    """
    tokens, logprobs, likely = (
        found if isinstance(found := lists.get(name), list) else []
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


def _tokens(entries: object, top: int) -> list[TokenLogprob]:
    """Return the tokens of a list; `top` is 0 for a list of alternatives, which have none themselves."""
    if not isinstance(entries, list):
        return []
    return [
        TokenLogprob(
            token=one["token"],
            logprob=logprob_of(one.get("logprob")),
            bytes=_bytes(one.get("bytes")),
            top=tuple(_tokens(one.get("top_logprobs"), 0)[:top]) if top else (),
        )
        for one in entries
        if isinstance(one, dict) and isinstance(one.get("token"), str)
    ]


def logprob_of(value: object) -> float:
    """Return a log probability; a value that is not a number means probability 0."""
    number = finite(value)
    return _UNLIKELIEST if number is None else number


def _bytes(values: object) -> tuple[int, ...] | None:
    if not isinstance(values, Sequence) or isinstance(values, str):
        return None
    valid = [byte for one in values if (byte := whole(one, _MOST_OF_A_BYTE)) is not None]
    return tuple(valid) if len(valid) == len(values) else None
