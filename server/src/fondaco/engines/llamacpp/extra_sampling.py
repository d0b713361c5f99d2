"""Rare parameters of the embedded engine, and those that it rejects.

Tested: biases apply before all samplers; ids beyond the vocabulary are silently ignored.
"""

from collections.abc import Mapping
from typing import Any

from fondaco.domain.chat.request import ChatRequest, Sampling
from fondaco.domain.errors import FieldNotTakenError, InvalidRequestError

_NEVER = -100
"""The bias that bans a token; the engine's value is `false`."""


def expect_supported(request: ChatRequest, engine: str) -> None:
    """Check that the request has no parameters for upstream engines only.

    Raises:
        FieldNotTakenError: it has.
    """
    engine_parameters = request.options.engine_parameters
    if engine_parameters is None or not (engine_parameters.params or engine_parameters.headers):
        return
    fields = ("inference_extra_params", "inference_extra_headers")
    names = [
        f
        for f, value in zip(
            fields, (engine_parameters.params, engine_parameters.headers), strict=True
        )
        if value
    ]
    raise FieldNotTakenError(
        f"The engine {engine!r} takes no {' and no '.join(names)}: they are for upstream engines. "
        "Leave them out or choose another model.",
        faults=dict.fromkeys(names, (f"Not supported by the engine {engine!r}.",)),
    )


def expect_known_tokens(sampling: Sampling, tokens: int) -> None:
    """Check that all biases are for tokens of a vocabulary of this size.

    Raises:
        InvalidRequestError: one is not.
    """
    unknown = [token for token, _ in sampling.logit_bias if token >= tokens]
    if unknown:
        raise InvalidRequestError(
            f"logit_bias names {unknown[0]}, which is not a token of this model: its ids range from 0 to "
            f"{tokens - 1}.",
            faults={f"logit_bias.{token}": ("No token of this model",) for token in unknown},
        )


def extra_sampling(request: ChatRequest, fields: tuple[str, ...]) -> dict[str, object]:
    """Return the fields of rare parameters; none for nearly all requests.

    Args:
        request: the chat request.
        fields: the response fields that every request lists.
    """
    parameters: dict[str, object] = {}
    if biases := request.sampling.logit_bias:
        parameters["logit_bias"] = [
            (token, bias if bias > _NEVER else False) for token, bias in biases
        ]
    if request.sampling.stop:
        parameters["response_fields"] = (*fields, "stopping_word")
    return parameters


def stop_text(chunk: Mapping[str, Any]) -> str:
    """Return the stop sequence that ended the output; empty if none did."""
    by_stop_text = chunk["stop"] and chunk["stop_type"] == "word"
    return str(chunk.get("stopping_word", "")) if by_stop_text else ""
