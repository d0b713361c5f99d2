"""What an engine's refusal means for the caller: the one place that reads its error replies."""

import math
import re
from collections.abc import Mapping
from http import HTTPStatus

import orjson

from fondaco.domain.errors import (
    ContextTooLongError,
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineUnavailableError,
    FondacoError,
    InvalidRequestError,
)

_MESSAGE_LIMIT = 1_000
_REQUEST_AT_FAULT = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
_NO_CREDENTIALS = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.FORBIDDEN,
}
_CONTEXT = re.compile(
    r"(?:context length|model length|context size|configured limit)(?: is)?(?: only)?(?: of)?[ (]+(\d+)"
)
_PROMPT = re.compile(
    r"(\d+) in the messages|resulted in (\d+) tokens|(\d+) input tokens"
    r"|prompt \(length (\d+)\)|request \((\d+) tokens\)"
)


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, *, output_tokens: int = 0
) -> FondacoError:
    """Return the error that an engine's error reply stands for.

    Args:
        status: of the reply, or what an error inside a stream names.
        headers: names in lower case.
        body: JSON in one of the known shapes, or anything.
        output_tokens: what the turn asked for; a context overflow names it.
    """
    if status in _REQUEST_AT_FAULT:
        error = _error(body)
        message = _message(error)
        return _overflow(error, message, output_tokens) or InvalidRequestError(
            f"The model's engine refused the request: {message[:_MESSAGE_LIMIT]}"
        )
    if status in _NO_CREDENTIALS:
        return EngineRefusedError()
    if status == HTTPStatus.NOT_FOUND:
        return EngineUnavailableError(
            "The model's engine does not have the model. The operator has to check its configuration."
        )
    retry_after_s = _retry_after_s(headers.get("retry-after", ""))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return EngineBusyError(retry_after_s=retry_after_s)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return EngineUnavailableError(retry_after_s=retry_after_s)
    return EngineError(f"The model's engine answered with the unexpected status {status}.")


def _error(body: bytes) -> dict[str, object]:
    """Return the error object of a reply, however it is wrapped."""
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(reply, dict):
        return {}
    error = reply.get("error", reply)
    return error if isinstance(error, dict) else {"message": error}


def _message(error: Mapping[str, object]) -> str:
    message = error.get("message") or error.get("detail")
    return message if isinstance(message, str) else "it gave no reason that can be read."


def _overflow(
    error: Mapping[str, object], message: str, output_tokens: int
) -> ContextTooLongError | None:
    prompt, context = error.get("n_prompt_tokens"), error.get("n_ctx")  # llama-server
    if isinstance(prompt, int) and isinstance(context, int):
        return ContextTooLongError(prompt, output_tokens, context)
    stated_prompt, stated_context = _PROMPT.search(message), _CONTEXT.search(message)
    if stated_prompt is None or stated_context is None:
        return None
    prompt_tokens = int(next(number for number in stated_prompt.groups() if number))
    return ContextTooLongError(prompt_tokens, output_tokens, int(stated_context[1]))


def _retry_after_s(value: str) -> int | None:
    """Return whole seconds; the header's other form, a date, is not read."""
    try:
        return min(max(math.ceil(float(value)), 1), 3600)
    except (ValueError, OverflowError):
        return None
