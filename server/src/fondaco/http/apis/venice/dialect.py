"""The Venice dialect: `error` as a sentence and `code` beside it; streams end with `[DONE]`.

It is the dialect of every path that no other API claims.

Source: api-reference/error-codes.md; the `code` in the body is what clients read.
"""

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


VENICE = ApiDialect(prefix="/", error_body=error_body, stream_end=b"data: [DONE]\n\n")
