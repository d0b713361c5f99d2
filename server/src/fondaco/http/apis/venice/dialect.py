"""The Venice dialect: `error` as a sentence and `code` beside it; streams end with `[DONE]`.

It is the dialect of every path that no other API claims.

Source: api-reference/error-codes.md; the `code` in the body is what clients read.
"""

from collections.abc import Mapping

from fondaco.domain.errors import (
    ContextTooLongError,
    FondacoError,
    InputTooLongError,
    InvalidRequestError,
    RepeatedCallError,
)
from fondaco.http.endpoint.dialect import ApiDialect
from fondaco.http.endpoint.validation_errors import tree_of


def error_body(error: FondacoError) -> dict[str, object]:
    """Return the body of an error; OpenAI's clients look for a context that is too long in `error.code`."""
    body: dict[str, object] = {"error": str(error), "code": error.code}
    if isinstance(error, ContextTooLongError):
        body["error"] = {
            "message": str(error),
            "type": "invalid_request_error",
            "param": "input" if isinstance(error, InputTooLongError) else "messages",
            "code": error.code,
        }
    if isinstance(error, RepeatedCallError):
        body["chargeId"] = error.charge_id
    if isinstance(error, InvalidRequestError) and error.faults:
        body["details"] = tree_of(error.faults)
    return body


ERROR_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "required": ["error", "code"],
    "properties": {
        "error": {
            "description": "What happened, why, and how to fix it; an object where OpenAI's clients expect one.",
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "required": ["message", "type", "param", "code"],
                    "properties": {
                        name: {"type": "string"} for name in ("message", "type", "param", "code")
                    },
                },
            ],
        },
        "code": {"type": "string", "description": "Identifier of the error, for programs."},
        "details": {
            "type": "object",
            "description": "Validation faults as a tree, where the request is invalid.",
        },
    },
}

VENICE = ApiDialect(
    prefixes=("/",),
    error_body=error_body,
    error_schema=ERROR_SCHEMA,
    stream_end=b"data: [DONE]\n\n",
)
