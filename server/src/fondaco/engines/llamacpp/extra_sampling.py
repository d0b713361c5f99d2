"""Rare parameters of the embedded engine, and those that it rejects.

Tried out: a bias goes before all samplers; ids beyond the vocabulary are passed over without a word.
"""

from collections.abc import Mapping
from typing import Any

from fondaco.domain.chat.request import ChatRequest, Sampling
from fondaco.domain.errors import FieldNotTakenError, InvalidRequestError

_NEVER = -100
"""A bias that bans a token, as callers write it; the engine knows `false`."""


def expect_taken(request: ChatRequest, engine: str) -> None:
    """Return if nothing is to be handed to the engine that only upstreams take.

    Raises:
        FieldNotTakenError: something is.
    """
    engine_parameters = request.options.engine_parameters
    if engine_parameters is None or not (engine_parameters.params or engine_parameters.headers):
        return
    fields = ("inference_extra_params", "inference_extra_headers")
    wanted = [
        f
        for f, given in zip(
            fields, (engine_parameters.params, engine_parameters.headers), strict=True
        )
        if given
    ]
    raise FieldNotTakenError(
        f"The engine {engine!r} takes no {' and no '.join(wanted)}: they are for upstream engines. "
        "Leave them out or choose another model.",
        faults=dict.fromkeys(wanted, (f"Not supported by the engine {engine!r}.",)),
    )


def expect_known(sampling: Sampling, tokens: int) -> None:
    """Return if all biases are for tokens of a vocabulary of so many.

    Raises:
        InvalidRequestError: one is not.
    """
    unknown = [token for token, _ in sampling.logit_bias if token >= tokens]
    if unknown:
        raise InvalidRequestError(
            f"logit_bias names {unknown[0]}, which is no token of this model: its ids go from 0 to "
            f"{tokens - 1}.",
            faults={f"logit_bias.{token}": ("No token of this model",) for token in unknown},
        )


def extra_sampling(request: ChatRequest, fields: tuple[str, ...]) -> dict[str, object]:
    """Return the fields of what is asked; for nearly all requests none.

    Args:
        request: what is asked.
        fields: those of each frame that the engine is asked for anyway.
    """
    asked: dict[str, object] = {}
    if biases := request.sampling.logit_bias:
        asked["logit_bias"] = [(token, bias if bias > _NEVER else False) for token, bias in biases]
    if request.options.stop_shown:
        asked["response_fields"] = (*fields, "stopping_word")
    return asked


def stop_text(chunk: Mapping[str, Any]) -> str:
    """Return the stop text that has ended an answer; empty where something else did, or nothing yet."""
    ended = chunk["stop"] and chunk["stop_type"] == "word"
    return str(chunk["stopping_word"]) if ended else ""
