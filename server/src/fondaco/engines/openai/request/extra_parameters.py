"""Fields and headers that callers pass through to engines, where the operator allows it.

Source: POST /v4/beta/chat/completions, `inference_extra_params`, `inference_extra_headers`.
"""

from collections.abc import Collection, Mapping

from fondaco.domain.chat.request import EngineParameters
from fondaco.domain.errors import FieldNotTakenError

RESERVED_PARAMS = frozenset(
    {
        *("model", "messages", "stream", "stream_options", "n", "best_of", "use_beam_search"),
        *("max_tokens", "max_completion_tokens", "min_tokens", "logprobs", "top_logprobs"),
        *("tools", "tool_choice", "functions", "function_call", "response_format"),
        *("cache_salt", "cache_prompt", "id_slot", "user", "prompt_cache_key", "store"),
    }
)
"""Fields that affect billing, cache isolation or parsing; callers may not set them."""
RESERVED_HEADERS = frozenset(
    {
        *("authorization", "cookie", "host", "user-agent", "expect"),
        *("accept-encoding", "content-type", "content-length", "content-encoding"),
        *("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
        *("proxy-authenticate", "proxy-authorization", "proxy-connection"),
    }
)
"""Headers of the connection or of authentication; callers may not set them."""


def expect_allowed(
    engine_parameters: EngineParameters,
    params: Collection[str],
    headers: Collection[str],
    *,
    engine: str,
) -> None:
    """Check that all extra parameters are allowed for an engine.

    Args:
        engine_parameters: those of the request.
        params: the fields that the operator allows for the engine.
        headers: the headers, in lower case.
        engine: its name, for the message.

    Raises:
        FieldNotTakenError: some are not allowed; the message names them all.
    """
    refused = {
        **_refused(
            "inference_extra_params", engine_parameters.params, set(params) - RESERVED_PARAMS
        ),
        **_refused(
            "inference_extra_headers", engine_parameters.headers, set(headers) - RESERVED_HEADERS
        ),
    }
    if refused:
        names = ", ".join(path.partition(".")[2] for path in refused)
        raise FieldNotTakenError(
            f"The engine {engine!r} does not receive these parameters: {names}. Leave them out. "
            "The operator can allow them with `extra_params` and `extra_headers` in the "
            "engine's settings.",
            faults=dict.fromkeys(refused, (f"Not allowed for the engine {engine!r}.",)),
        )


def _refused(
    field: str, requested: Mapping[str, object], allowed: Collection[str]
) -> dict[str, None]:
    return {f"{field}.{name[:100]!r}": None for name in requested if name not in allowed}
