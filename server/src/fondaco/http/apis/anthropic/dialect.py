"""The Anthropic dialect: errors of its types, keys as `x-api-key` or bearer, streams of named events.

Source: Anthropic's API reference, "Errors", "Versioning" and "Streaming messages".
"""

from collections.abc import Mapping

from fondaco.domain.errors import ContextTooLongError, FondacoError
from fondaco.http.endpoint.dialect import ApiDialect

_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    410: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_SERVER_ERRORS = 500


def error_body(error: FondacoError) -> dict[str, object]:
    """Return the body of an error."""
    told = {
        "type": type_of(error),
        "message": message_of(error),
        "details": {"error_code": error.code.lower()},
    }
    return {"type": "error", "error": told}


def type_of(error: FondacoError) -> str:
    """Return the type of an error, by its status.

    >>> type_of(FondacoError())
    'api_error'
    """
    usual = "api_error" if error.status >= _SERVER_ERRORS else "invalid_request_error"
    return _TYPES.get(error.status, usual)


def message_of(error: FondacoError) -> str:
    """Return the text of an error; of a conversation that is too long, in the words that clients look for.

    Claude Code compacts a conversation, or asks for a shorter answer, where it reads these numbers.
    """
    if not isinstance(error, ContextTooLongError):
        return str(error)
    prompt, output, context = error.input_tokens, error.output_tokens, error.context_tokens
    if prompt is None or context is None:
        return f"prompt is too long. {error}"
    if prompt >= context:
        return f"prompt is too long: {prompt} tokens > {context} maximum. Shorten the messages."
    return (
        f"input length and `max_tokens` exceed context limit: {prompt} + {output} > {context}, "
        "decrease input length or `max_tokens` and try again"
    )


ERROR_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "required": ["type", "error"],
    "properties": {
        "type": {"const": "error"},
        "error": {
            "type": "object",
            "required": ["type", "message", "details"],
            "properties": {
                "type": {"type": "string", "description": "The kind of error, by its status."},
                "message": {
                    "type": "string",
                    "description": "What happened, why, and how to fix it.",
                },
                "details": {
                    "type": "object",
                    "required": ["error_code"],
                    "properties": {
                        "error_code": {
                            "type": "string",
                            "description": "Identifier of the error, for programs.",
                        }
                    },
                },
            },
        },
        "request_id": {"type": "string", "description": "As in the header `request-id`."},
    },
}

ANTHROPIC = ApiDialect(
    prefixes=("/v1/messages", "/api/v1/messages"),
    error_body=error_body,
    error_schema=ERROR_SCHEMA,
    error_name="AnthropicError",
    error_event="error",
    key_header="x-api-key",
    request_id_header="request-id",
    request_id_field="request_id",
)
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
"""Event that keeps a silent stream open."""
