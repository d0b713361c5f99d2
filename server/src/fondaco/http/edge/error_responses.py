"""Error responses: every error becomes a status, headers and a body of the request's API dialect here.

Source: api-reference/error-codes.md.
"""

from fondaco.domain.errors import (
    FondacoError,
    MethodNotAllowedError,
    RateLimitExceededError,
    RepeatedCallError,
)
from fondaco.http.endpoint.dialect import ApiDialect
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.wire.exchange import STATUS_LINES, Header
from fondaco.http.wire.headers import lines_of


def error_response(error: FondacoError, dialect: ApiDialect) -> Response:
    """Return the response that reports an error."""
    return json_response(dialect.error_body(error), status=error.status, headers=_headers(error))


def refusal(error: FondacoError, dialect: ApiDialect, default_headers: bytes) -> bytes:
    """Return the last response on a connection as bytes, where there is no request to respond to.

    Args:
        error: why the connection ends.
        dialect: whose error body to write.
        default_headers: the headers of every response, as they are sent.
    """
    response = error_response(error, dialect)
    return b"%b%b%bcontent-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b" % (
        STATUS_LINES[response.status],
        default_headers,
        lines_of(response.headers),
        response.media_type,
        len(response.body),
        response.body,
    )


def _headers(error: FondacoError) -> list[Header]:
    headers: list[Header] = []
    retry_after_s = error.retry_after_s
    if retry_after_s is None and error.status in _TEMPORARY:
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
_TEMPORARY = frozenset({429, 503})
"""Responses of these statuses always say when to try again."""
