"""Maps an engine's error responses to ours; the only place that reads them."""

import math
from collections.abc import Mapping
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from fondaco.domain.errors import (
    ContextTooLongError,
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineUnavailableError,
    FondacoError,
    InvalidRequestError,
)
from fondaco.domain.untrusted_numbers import whole
from fondaco.engines.common.lenient_json import loads
from fondaco.engines.openai.context_errors import CODES, Overflow, overflow_in

_MESSAGE_LIMIT = 1_000
_READ_LIMIT = 4_000
"""Characters of an engine's message that are searched."""
_DEEPEST = 4
"""Nesting levels of an error that are searched for its message."""
_NO_REASON = "it gave no readable reason."


class _Fault(Enum):
    """The cause of an error response; if several match, the first member wins."""

    CREDENTIALS = auto()
    BUSY = auto()
    NO_MODEL = auto()
    REQUEST = auto()
    ENGINE = auto()


_STATUSES: Mapping[int, _Fault] = {
    HTTPStatus.BAD_REQUEST: _Fault.REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _Fault.REQUEST,
    HTTPStatus.UNPROCESSABLE_ENTITY: _Fault.REQUEST,
    HTTPStatus.UNAUTHORIZED: _Fault.CREDENTIALS,
    HTTPStatus.PAYMENT_REQUIRED: _Fault.CREDENTIALS,
    HTTPStatus.FORBIDDEN: _Fault.CREDENTIALS,
    HTTPStatus.NOT_FOUND: _Fault.NO_MODEL,
    HTTPStatus.REQUEST_TIMEOUT: _Fault.ENGINE,
    HTTPStatus.TOO_MANY_REQUESTS: _Fault.BUSY,
}
_WORDS = {
    "authentication_error": _Fault.CREDENTIALS,
    "invalid_api_key": _Fault.CREDENTIALS,
    "api_key_invalid": _Fault.CREDENTIALS,
    "unauthenticated": _Fault.CREDENTIALS,
    "unauthorized": _Fault.CREDENTIALS,
    "permission_error": _Fault.CREDENTIALS,
    "permission_denied": _Fault.CREDENTIALS,
    "forbidden": _Fault.CREDENTIALS,
    "billing_error": _Fault.CREDENTIALS,
    "insufficient_quota": _Fault.CREDENTIALS,
    "exceeded_current_quota_error": _Fault.CREDENTIALS,
    "payment_required": _Fault.CREDENTIALS,
    "rate_limit_error": _Fault.BUSY,
    "rate_limit_exceeded": _Fault.BUSY,
    "rate_limit_reached_error": _Fault.BUSY,
    "ratelimiterror": _Fault.BUSY,
    "too_many_requests": _Fault.BUSY,
    "resource_exhausted": _Fault.BUSY,
    "engine_overloaded_error": _Fault.BUSY,
    "overloaded_error": _Fault.BUSY,
    "throttling": _Fault.BUSY,
    "throttlingexception": _Fault.BUSY,
    "model_not_found": _Fault.NO_MODEL,
    "not_found": _Fault.NO_MODEL,
    "not_found_error": _Fault.NO_MODEL,
    "notfounderror": _Fault.NO_MODEL,
    "bad_request": _Fault.REQUEST,
    "badrequesterror": _Fault.REQUEST,
    "content_filter": _Fault.REQUEST,
    "content_policy_violation": _Fault.REQUEST,
    "invalid_argument": _Fault.REQUEST,
    "invalid_prompt": _Fault.REQUEST,
    "invalid_request": _Fault.REQUEST,
    "invalid_request_error": _Fault.REQUEST,
    "unsupported_parameter": _Fault.REQUEST,
    "unsupported_value": _Fault.REQUEST,
    "validation": _Fault.REQUEST,
    "validation_error": _Fault.REQUEST,
    "api_error": _Fault.ENGINE,
    "internal": _Fault.ENGINE,
    "internal_error": _Fault.ENGINE,
    "internal_server_error": _Fault.ENGINE,
    "internalservererror": _Fault.ENGINE,
    "server_error": _Fault.ENGINE,
    "service_unavailable": _Fault.ENGINE,
    "timeout_error": _Fault.ENGINE,
    "unavailable": _Fault.ENGINE,
}
"""Values of an error's `code`, `type` or `status`, in lower case.

Source: the pages on errors of OpenAI, Anthropic, Groq, Mistral, Moonshot and OpenRouter; Google's
`google.rpc.Code`; `ErrorResponse` of vLLM and of TGI.
"""
_BAD_KEYS = ("api key not valid", "invalid api key", "incorrect api key")
"""Gemini answers an invalid key with 400, like an invalid request."""


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, *, output_tokens: int = 0
) -> FondacoError:
    """Map an engine's error response to our error.

    Args:
        status: of the reply.
        headers: names in lower case.
        body: JSON in one of the known shapes, or anything.
        output_tokens: the request's output limit, for the message of a context overflow.
    """
    error = _error(body)
    retry_after_s = _retry_after_s(headers.get("retry-after", ""))
    return _to_error(error, status, output_tokens, retry_after_s)


def error_in_body(chunk: Mapping[str, Any], *, output_tokens: int = 0) -> FondacoError | None:
    """Return the error in a response of status 200, or in a chunk of one; None if there is none.

    Engines send `{"error": ...}` with a status or a word as its code, or with neither, and some send
    the error as the chunk itself: `{"object": "error", ...}`, `{"detail": ...}`, `{"message": "..."}`.
    """
    error = chunk.get("error")
    if chunk.get("choices") is not None:
        if not error:
            return None
    elif error is None:
        if not _is_error(chunk):
            return None
        error = chunk
    details = error if isinstance(error, dict) else {"message": error}
    return _to_error(details, _status(details), output_tokens, None)


def _is_error(chunk: Mapping[str, Any]) -> bool:
    """Whether a chunk without choices is an error itself."""
    is_error = "error" in (chunk.get("object"), chunk.get("type"))
    return is_error or "detail" in chunk or isinstance(chunk.get("message"), str)


def _to_error(
    error: Mapping[str, Any], status: int | None, output_tokens: int, retry_after_s: int | None
) -> FondacoError:
    words = _message(error)
    fault = _fault(error, status, words)
    if fault in {_Fault.REQUEST, _Fault.ENGINE, None} and (full := _overflow(error, words)):
        return ContextTooLongError(full.prompt_tokens, output_tokens, full.context_tokens)
    if fault is _Fault.REQUEST:
        reason = words[:_MESSAGE_LIMIT] or _NO_REASON
        return InvalidRequestError(f"The model's engine refused the request: {reason}")
    return _failure(fault, status, retry_after_s)


def _failure(fault: _Fault | None, status: int | None, retry_after_s: int | None) -> EngineError:
    """Return the error for a failure of the engine, without the engine's message."""
    match fault:
        case _Fault.CREDENTIALS:
            return EngineRefusedError()
        case _Fault.BUSY:
            return EngineBusyError(retry_after_s=retry_after_s)
        case _Fault.NO_MODEL:
            return EngineUnavailableError(
                "The model's engine does not have the model. The operator must check its configuration."
            )
        case _Fault.ENGINE:
            return EngineUnavailableError(retry_after_s=retry_after_s)
        case _ if status is None:
            return EngineError("The model's engine failed during its response.")
        case _:
            return EngineError(f"The model's engine returned the unexpected status {status}.")


def _fault(error: Mapping[str, Any], status: int | None, words: str) -> _Fault | None:
    """Classify an error; codes refine a status that blames the request."""
    candidates = {_WORDS[code] for code in _codes(error) if code in _WORDS}
    if status is not None:
        broken = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        by_status = _STATUSES.get(status, _Fault.ENGINE if broken else None)
        if by_status not in {_Fault.REQUEST, _Fault.BUSY}:
            return by_status
        candidates.add(by_status)
    if any(bad in words.lower() for bad in _BAD_KEYS):
        return _Fault.CREDENTIALS
    return next((fault for fault in _Fault if fault in candidates), None)


def _codes(error: Mapping[str, Any]) -> set[str]:
    """Return an error's codes, in lower case."""
    names = ("code", "type", "status", "error_type")
    return {value.lower() for name in names if isinstance(value := error.get(name), str)}


def _status(error: Mapping[str, Any]) -> int | None:
    """Return the HTTP status in an error, or None."""
    for name in ("code", "status", "status_code"):
        status = whole(error.get(name), 599)
        if status is not None and status >= HTTPStatus.BAD_REQUEST:
            return status
    return None


def _overflow(error: Mapping[str, Any], words: str) -> Overflow | None:
    prompt, context = whole(error.get("n_prompt_tokens")), whole(error.get("n_ctx"))
    if prompt is not None and context is not None:  # llama-server
        return Overflow(prompt, context)
    by_code = not CODES.isdisjoint(_codes(error))
    return overflow_in(words) or (Overflow() if by_code else None)


def _error(body: bytes) -> Mapping[str, Any]:
    """Return the error object of a reply, however it is wrapped."""
    try:
        reply = loads(body)
    except ValueError:
        text = body[:_READ_LIMIT].decode("utf-8", "replace").strip()
        return {} if text.startswith("<") else {"message": text}
    if isinstance(reply, list) and len(reply) == 1:
        (reply,) = reply  # Gemini
    if not isinstance(reply, dict):
        return {"message": reply}
    error = reply.get("error", reply)
    return error if isinstance(error, dict) else {**reply, "message": error}


def _message(error: Mapping[str, Any]) -> str:
    """Return an engine's message, with that of the engine behind a router; empty if there is none."""
    words = _text(error, _DEEPEST)
    metadata = error.get("metadata")
    if isinstance(metadata, dict) and isinstance(raw := metadata.get("raw"), str):  # OpenRouter
        words = f"{words} {_text(_error(raw.encode('utf-8', 'replace')), _DEEPEST) or raw}"
    return words[:_READ_LIMIT].strip()


def _text(value: object, levels: int) -> str:
    """Return the message text: FastAPI lists objects, Mistral nests them."""
    match value:
        case str():
            return value
        case dict() if levels:
            text = next(
                (
                    text
                    for n in ("message", "detail", "msg")
                    if (text := _text(value.get(n), levels - 1))
                ),
                "",
            )
            location = value.get("loc")
            if not (text and isinstance(location, list)):
                return text
            steps = [str(step) for step in location[:8] if isinstance(step, str | int)]
            return f"{'.'.join(steps)}: {text}"
        case list() if levels:
            return "; ".join(text for item in value[:8] if (text := _text(item, levels - 1)))
        case _:
            return ""


def _retry_after_s(value: str) -> int | None:
    """Return whole seconds; the header's other form, a date, is not read."""
    try:
        return min(max(math.ceil(float(value)), 1), 3600)
    except (ValueError, OverflowError):
        return None
