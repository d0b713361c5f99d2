"""A toy language model: it counts in words, the same way for the same seed, and knows its tokens."""

import itertools
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

NUMBERS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen", "twenty"),
)
CONTEXT_TOKENS = 4096
ANSWER_TOKENS = 24
"""Where an answer ends by itself."""
_TOKENS_A_MESSAGE = 4
TOKENS_AN_IMAGE = 85
_SALT = random.SystemRandom().getrandbits(32)


@dataclass
class Choice:
    """One answer, token by token."""

    index: int
    tokens: list[str] = field(default_factory=list)
    spent: int = 0
    """Tokens that were generated, the stop string's included."""
    finish_reason: str = "stop"


def count_text(text: str) -> int:
    """Return how many tokens a text is: words and marks."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def count(messages: Iterable[Mapping[str, Any]]) -> int:
    """Return how many tokens a conversation is, with what the template adds."""
    return 2 + sum(_TOKENS_A_MESSAGE + count_text(_text(message)) for message in messages)


def answer(body: Mapping[str, Any]) -> list[Choice]:
    """Return what the model says to a chat request."""
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or ANSWER_TOKENS
    stops = body.get("stop") or ()
    return [_choice(body, index, limit, stops) for index in range(body.get("n") or 1)]


def logprobs(tokens: Iterable[str], top: int) -> dict[str, Any]:
    """Return the log probabilities of tokens in OpenAI's shape."""
    return {"content": [_ranked(token, top) for token in tokens]}


def _choice(body: Mapping[str, Any], index: int, limit: int, stops: Iterable[str]) -> Choice:
    choice, said = Choice(index), ""
    for token in itertools.islice(_tokens(body, index), min(limit, ANSWER_TOKENS)):
        choice.spent += 1
        said += token
        choice.tokens.append(token)
        ends = [said.find(stop) for stop in stops if stop in said]
        if ends:
            choice.tokens = _cut(choice.tokens, said[: min(ends)])
            return choice
    choice.finish_reason = "length" if limit <= ANSWER_TOKENS else "stop"
    return choice


def _tokens(body: Mapping[str, Any], index: int) -> Iterator[str]:
    messages = body["messages"]
    seed = body.get("seed", _SALT) if body.get("temperature", 1.0) else 0
    start = crc32(repr((seed, count(messages), index)).encode()) % len(NUMBERS)
    yield NUMBERS[start]
    for word in itertools.islice(itertools.cycle(NUMBERS), start + 1, None):
        yield f" {word}"


def _cut(tokens: Iterable[str], text: str) -> list[str]:
    """Return the tokens that spell `text`, a start of what they spell together."""
    kept: list[str] = []
    for token in tokens:
        kept.append(text[: len(token)])
        text = text[len(token) :]
    return [token for token in kept if token]


def _ranked(token: str, top: int) -> dict[str, Any]:
    others = [f" {word}" for word in NUMBERS if f" {word}" != token][: max(top - 1, 0)]
    ranked = [_logprob(other, -0.125 - rank) for rank, other in enumerate([token, *others])]
    return {**ranked[0], "top_logprobs": ranked[:top]}


def _logprob(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(map(_said, content))


def _said(part: Mapping[str, Any]) -> str:
    """Return the text of a part; what is none counts as so many words."""
    return str(part["text"]) if part["type"] == "text" else " word" * TOKENS_AN_IMAGE
