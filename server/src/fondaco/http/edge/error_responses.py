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
from fondaco.http.endpoint.responses import Response
from fondaco.http.exchange.exchange import Header
from fondaco.http.exchange.headers import lines_of


def error_response(error: FondacoError, dialect: ApiDialect, call_id: str = "") -> Response:
    """Return the response that reports an error; `call_id` is empty where no exchange begins."""
    return Response(dialect.error(error, call_id), status=error.status, headers=_headers(error))


def refusal(error: FondacoError, dialect: ApiDialect) -> tuple[int, bytes, bytes]:
    """Return status, header lines and body of the response where no exchange begins.

    Args:
        error: why the request is refused.
        dialect: whose error body to write.
    """
    response = error_response(error, dialect)
    framing = b"content-type: %b\r\ncontent-length: %d\r\n" % (
        response.media_type,
        len(response.body),
    )
    return response.status, lines_of(response.headers) + framing, response.body


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
