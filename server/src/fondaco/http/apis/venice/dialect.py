"""The Venice dialect: `error` as a sentence and `code` beside it; streams end with `[DONE]`.

OpenAI's clients show nothing of a string: they receive OpenAI's object, with the same beside it.

It is the dialect of every path that no other API claims.

Source: api-reference/error-codes.md; the `code` in the body is what clients read.
"""

from collections.abc import Mapping

from fondaco.domain.errors import (
    ContextTooLongError,
    FondacoError,
    InvalidRequestError,
    RepeatedCallError,
)
from fondaco.http.apis.venice.error_object import ERROR_OBJECT_SCHEMA, error_object
from fondaco.http.endpoint.dialect import ApiDialect
from fondaco.http.endpoint.validation_errors import tree_of


def error_body(error: FondacoError) -> dict[str, object]:
    """Return the body of an error; OpenAI's clients look for a context that is too long in `error.code`."""
    details = error_object(error) if isinstance(error, ContextTooLongError) else str(error)
    return {"error": details, **_beside(error)}


def error_object_body(error: FondacoError) -> dict[str, object]:
    """Return the body of an error for OpenAI's clients, which show nothing of a string."""
    return {"error": error_object(error), **_beside(error)}


def _beside(error: FondacoError) -> dict[str, object]:
    beside: dict[str, object] = {"code": error.code}
    if isinstance(error, RepeatedCallError):
        beside["chargeId"] = error.charge_id
    if isinstance(error, InvalidRequestError) and error.faults:
        beside["details"] = tree_of(error.faults)
    return beside


ERROR_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "required": ["error", "code"],
    "properties": {
        "error": {
            "description": "What happened, why, and how to fix it; an object to OpenAI's clients.",
            "anyOf": [
                {"type": "string"},
                ERROR_OBJECT_SCHEMA,
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
    error_object_body=error_object_body,
    error_schema=ERROR_SCHEMA,
    stream_end=b"data: [DONE]\n\n",
)
