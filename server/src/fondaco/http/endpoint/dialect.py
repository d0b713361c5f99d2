"""API dialects: how one API writes errors, takes keys and ends a stream.

An endpoint names its dialect; the edge asks it wherever an answer does not come from the endpoint itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import orjson

from fondaco.domain.errors import FondacoError


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDialect:
    """The conventions that all endpoints of one API share."""

    prefixes: tuple[str, ...]
    """Path prefixes of this API: it answers for unknown paths there, too.

    One that ends with a slash stands for the paths below it, any other for itself and the paths below it.
    """
    error_body: Callable[[FondacoError], Mapping[str, object]]
    """Writes the JSON body of an error, in a response of its own or as an event of a stream."""
    error_schema: Mapping[str, object]
    """The JSON schema of that body, for OpenAPI."""
    error_object_body: Callable[[FondacoError], Mapping[str, object]] | None = None
    """Writes it for clients that read an object only; None: as for all."""
    error_name: str = "Error"
    """The schema's name in OpenAPI; dialects whose schemas differ have different names."""
    error_event: str | None = None
    """The type of the event that carries an error inside a stream; None: it has none, as chunks have."""
    stream_end: bytes = b""
    """The event that ends a stream which ended well, such as `data: [DONE]`."""
    key_header: str | None = None
    """The header, in lower case, that may carry the key instead of `Authorization: Bearer`."""
    account_header: str | None = None
    """The header, in lower case, that selects an account; any but the key's own is refused."""
    request_id_header: str | None = None
    """The header, in lower case, that carries the id of the request in every response."""
    lines: bytes = b""
    """Further headers of every response, as they are sent."""
    request_id_field: str | None = None
    """The member of an error's body that repeats it."""

    def __post_init__(self) -> None:
        """Refuse a value that would match no request.

        Raises:
            ValueError: there is no prefix, one is no path, or a header has upper case.
        """
        if not self.prefixes or not all(one.startswith("/") for one in self.prefixes):
            raise ValueError(
                f"The prefixes {self.prefixes!r} must be paths that begin with a slash, at least one."
            )
        for header in (self.key_header, self.account_header, self.request_id_header):
            if header is not None and header != header.lower():
                raise ValueError(
                    f"The header {header!r} must be in lower case, as requests are read."
                )

    def with_error_objects(self) -> Self:
        """Return the dialect for clients that only read an error object."""
        body = self.error_object_body
        return self if body is None else replace(self, error_body=body)

    def headers(self, call_id: str) -> bytes:
        """Return the headers of every response to a request, as they are sent."""
        if self.request_id_header is None:
            return self.lines
        named = (self.request_id_header.encode(), _request_id(call_id).encode())
        return self.lines + b"%b: %b\r\n" % named

    def error(self, error: FondacoError, call_id: str = "") -> bytes:
        """Return the JSON body of an error; `call_id` is empty where no exchange begins."""
        body = self.error_body(error)
        if self.request_id_field is not None and call_id:
            body = {**body, self.request_id_field: _request_id(call_id)}
        return orjson.dumps(body)

    def event(self, error: FondacoError, call_id: str = "") -> bytes:
        """Return the server-sent event that ends a stream with an error."""
        data = b"data: %b\n\n" % self.error(error, call_id)
        return (
            data
            if self.error_event is None
            else b"event: %b\n%b" % (self.error_event.encode(), data)
        )


def _request_id(call_id: str) -> str:
    return f"req_{call_id}"
