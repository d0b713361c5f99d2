"""Finish reasons of many engines, mapped to OpenAI's."""

from collections.abc import Collection, Mapping
from typing import Any

from fondaco.domain.chat.events import FinishReason
from fondaco.domain.errors import EngineError

_NONE = frozenset({"", "null", "none", "not_finished", "unspecified"})
"""Words for "not yet": DashScope streams `"null"`, others `""`; IBM's `not_finished`."""
REASONS: Mapping[str, FinishReason] = {
    # OpenAI, and compatible engines.
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    # TGI, Together.
    "eos": "stop",
    "eos_token": "stop",
    # Anthropic, Bedrock.
    "end_turn": "stop",
    "pause_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    # Cohere.
    "complete": "stop",
    "tool_call": "tool_calls",
    # Mistral, xAI.
    "model_length": "length",
    "max_len": "length",
    "max_context": "length",
    # Gemini.
    "safety": "content_filter",
    "recitation": "content_filter",
    "language": "content_filter",
    "blocklist": "content_filter",
    "prohibited_content": "content_filter",
    "spii": "content_filter",
    "image_safety": "content_filter",
    # Zhipu.
    "sensitive": "content_filter",
    # IBM.
    "time_limit": "length",
    "token_limit": "length",
    # llama-server's own API.
    "limit": "length",
    "word": "stop",
}
"""Finish reason, in lower case and without its engine's prefix -> OpenAI's.

Source: the API references of the engines named; Gemini's `FinishReason`, Anthropic's `stop_reason`,
Cohere's `ChatFinishReason`, watsonx's `stop_reason`, TGI's `FinishReason`.
"""
_PREFIXES = ("finish_reason_", "stop_reason_", "reason_")
_FAILURES = ("error", "abort", "cancel", "fail", "timeout", "insufficient", "malformed", "load")
"""Parts of reasons that mean a failure of the engine: `abort` of vLLM, `error_limit` of Cohere,
`insufficient_system_resource` of DeepSeek, `network_error` of Zhipu, `malformed_function_call` of
Gemini, `load` and `unload` of Ollama."""
_LONGEST = 50


def finish_of(value: object) -> FinishReason | None:
    """Return why a choice has ended, or None where it has not.

    >>> finish_of("MAX_TOKENS"), finish_of("tool_use"), finish_of("null"), finish_of({"type": "stop"})
    ('length', 'tool_calls', None, 'stop')

    Raises:
        EngineError: the engine gave up.
    """
    if isinstance(value, dict):
        value = value.get("type")  # SGLang's own API
    if not value:
        return None
    if not isinstance(value, str):
        return "stop"
    word = value.strip().lower().replace("-", "_").replace(" ", "_")
    for prefix in _PREFIXES:
        word = word.removeprefix(prefix)
    if word in _NONE:
        return None
    if (reason := REASONS.get(word)) is not None:
        return reason
    if any(failure in word for failure in _FAILURES):
        raise EngineError(f"The model's engine failed: {value[:_LONGEST]!r}.")
    return "stop"  # any other name means a normal end


def stop_sequence_of(choice: Mapping[str, Any], sought: Collection[str]) -> str | None:
    """Return the stop sequence that ended a choice, where its engine tells and it was one of those sought.

    >>> stop_sequence_of({"finish_reason": "stop", "stop_reason": "END"}, ["END"])
    'END'

    Source: vLLM's `stop_reason`, SGLang's `matched_stop`; both are a token's id where that ended it.
    """
    for name in ("stop_reason", "matched_stop"):
        matched = choice.get(name)
        if isinstance(matched, str) and matched in sought:
            return matched
    return None
