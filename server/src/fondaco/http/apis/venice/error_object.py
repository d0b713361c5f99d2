"""The error object of OpenAI's API, for every client that reads nothing else.

Source: OpenAI's `ErrorResponse`: `{"error": {"message", "type", "param", "code"}}`, its codes in lower case.
"""

from collections.abc import Mapping

from fondaco.domain.errors import (
    AuthenticationFailedError,
    ContextTooLongError,
    FondacoError,
    InputTooLongError,
    InsufficientBalanceError,
    InvalidRequestError,
    ModelNotFoundError,
    RateLimitExceededError,
    UnauthorizedError,
)

_SERVER_ERRORS = 500


def error_object(error: FondacoError) -> dict[str, str | None]:
    """Return an error as OpenAI's clients show it.

    `param` is the dotted path of the field that is wrong, such as `messages.0.content`.

    >>> error_object(ModelNotFoundError("There is no model 'x'."))
    {'message': "There is no model 'x'.", 'type': 'invalid_request_error', 'param': 'model', 'code': 'model_not_found'}
    """
    return {
        "message": str(error),
        "type": _type(error),
        "param": _param(error),
        "code": error.code.lower(),
    }


def _type(error: FondacoError) -> str:
    """Return the kind of an error, in OpenAI's words."""
    match error:
        case AuthenticationFailedError():
            return "authentication_error"
        case UnauthorizedError():
            return "permission_error"
        case InsufficientBalanceError():
            return "insufficient_quota"
        case RateLimitExceededError():
            return "rate_limit_error"
        case _:
            return "server_error" if error.status >= _SERVER_ERRORS else "invalid_request_error"


def _param(error: FondacoError) -> str | None:
    match error:
        case InputTooLongError():
            return "input"
        case ContextTooLongError():
            return "messages"
        case ModelNotFoundError():
            return "model"
        case InvalidRequestError():
            return next(iter(error.faults), "") or None
        case _:
            return None


_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}

ERROR_OBJECT_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "required": ["message", "type", "param", "code"],
    "properties": {
        "message": {**_TEXT, "description": "What happened, why, and how to fix it."},
        "type": _TEXT,
        "param": {**_TEXT_OR_NULL, "description": "The field that is wrong."},
        "code": {**_TEXT_OR_NULL, "description": "Identifier of the error, for programs."},
    },
}
