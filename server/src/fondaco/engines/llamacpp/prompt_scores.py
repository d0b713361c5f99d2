"""Log probabilities of a prompt's own tokens, which llama-server does not report.

Each token is generated after those before it: a bias makes it certain, while the probabilities that the
server reports are those before any bias. The prompt cache makes that one evaluation a token.

Tried out: a token that ends within a character is not reported unless it is among the likeliest.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from fondaco.domain.chat.events import TokenLogprob
from fondaco.domain.errors import EngineError, InvalidRequestError
from fondaco.engines.common.logprobs import logprob_of
from fondaco.engines.llamacpp.native import CACHED
from fondaco.engines.llamacpp.slot_table import SlotAssignment

MOST_TOKENS = 4_096
"""The most prompt tokens of one prompt whose log probabilities are found: each call names all before it."""
WIDER = 1_000
"""Number of the likeliest tokens that are searched first for one that is not reported by itself."""
ALL = 1_000_000
"""More than any vocabulary has."""
_CERTAIN = 10_000.0
"""A bias far above any logit."""


def expect_scorable(tokens: int) -> None:
    """Return if a prompt of so many tokens is not too long for their log probabilities.

    Raises:
        InvalidRequestError: it is.
    """
    if tokens > MOST_TOKENS:
        raise InvalidRequestError(
            f"The prompt has {tokens} tokens; log probabilities of an echoed prompt are found for at most "
            f"{MOST_TOKENS}. Leave out echo or logprobs, or shorten the prompt.",
            faults={"echo": (f"With logprobs, for prompts of at most {MOST_TOKENS} tokens",)},
        )


def scoring(
    prompt: Sequence[int], at: int, seat: SlotAssignment, *, top: int, forced: bool = True
) -> bytes:
    """Return the body for `/completion` that generates the prompt token at a position.

    Args:
        prompt: its token ids.
        at: the position, from 1.
        seat: its slot.
        top: how many of the likeliest tokens are reported.
        forced: whether the token itself is generated; else the likeliest is.
    """
    return orjson.dumps(
        {
            "prompt": prompt[:at],
            "stream": False,
            "id_slot": seat.slot,
            "cache_prompt": seat.warm,
            "n_predict": 1,
            "n_probs": max(1, top),
            "temperature": 0,
            "samplers": ("temperature",),
            "logit_bias": ((prompt[at], _CERTAIN),) if forced else (),
            "response_fields": (CACHED, "completion_probabilities"),
        }
    )


def scored(reply: dict[str, Any], token: int, text: str, top: int) -> TokenLogprob | None:
    """Return a token's log probabilities from a response; None if it has none.

    Raises:
        EngineError: the reply cannot be read.
    """
    try:
        for one in reply.get("completion_probabilities", ()):
            likeliest = one["top_logprobs"]
            for candidate in (one, *likeliest):
                if candidate["id"] == token:
                    return TokenLogprob(
                        token=text,
                        logprob=logprob_of(candidate["logprob"]),
                        bytes=tuple(candidate["bytes"]),
                        top=tuple(
                            TokenLogprob(
                                likely["token"],
                                logprob_of(likely["logprob"]),
                                tuple(likely["bytes"]),
                            )
                            for likely in likeliest[:top]
                        ),
                    )
    except (LookupError, TypeError) as error:
        raise EngineError("The model's engine sent an unreadable reply.") from error
    return None
