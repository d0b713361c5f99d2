"""Errors on the wire: the one place where an error becomes a reply.

Source: api-reference/error-codes.md; the `code` in the body is what clients read.
"""

from fondaco.domain.errors import (
    ContextTooLongError,
    FondacoError,
    InvalidRequestError,
    MethodNotAllowedError,
    RateLimitExceededError,
    RepeatedCallError,
)
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.endpoint.validation_errors import tree_of
from fondaco.http.wire.exchange import STATUS_LINES, Header
from fondaco.http.wire.headers import lines_of


def reply_to(error: FondacoError) -> Response:
    """Return the reply that tells the caller of the error."""
    return json_response(body_of(error), status=error.status, headers=_headers(error))


def refusal(error: FondacoError, lines: bytes) -> bytes:
    """Return the last reply on a connection, as it is sent: to what is no request, or none taken.

    Args:
        error: why.
        lines: the headers of every reply.
    """
    reply = reply_to(error)
    return b"%b%b%bcontent-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b" % (
        STATUS_LINES[reply.status],
        lines,
        lines_of(reply.headers),
        reply.media_type,
        len(reply.body),
        reply.body,
    )


def body_of(error: FondacoError) -> dict[str, object]:
    """Return the error's body, also used for an error inside a stream."""
    if isinstance(error, ContextTooLongError):
        openai_error = {
            "message": str(error),
            "type": "invalid_request_error",
            "param": "messages",
            "code": error.code,
        }
        return {"error": openai_error, "code": error.code}
    body: dict[str, object] = {"error": str(error), "code": error.code}
    if isinstance(error, RepeatedCallError):
        body["chargeId"] = error.charge_id
    if isinstance(error, InvalidRequestError) and error.faults:
        body["details"] = tree_of(error.faults)
    return body


def _headers(error: FondacoError) -> list[Header]:
    headers: list[Header] = []
    retry_after_s = error.retry_after_s
    if retry_after_s is None and error.status in _PASSING:
        retry_after_s = 1
    if retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % max(1, retry_after_s)))
    if isinstance(error, RateLimitExceededError):
        headers.append((b"x-ratelimit-type", error.scope.encode()))
    if isinstance(error, MethodNotAllowedError):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    if isinstance(error, RepeatedCallError):
        headers.append((b"idempotent-replayed", b"true"))
    if error.status == _UNAUTHORIZED:
        headers.append((b"www-authenticate", b'Bearer realm="fondaco"'))
    return headers


_UNAUTHORIZED = 401
_PASSING = frozenset({429, 503})
"""Of statuses that pass by themselves every reply says when to come again."""
