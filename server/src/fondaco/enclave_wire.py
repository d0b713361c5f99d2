"""Protocol between a gateway and an enclave over HTTP: paths, calls, pieces of responses, errors.

A call is a line of JSON and the caller's body after it; a piece of a response a line of JSON and the bytes
for the caller after it. Neither side trusts what the other one sends: what has another shape is a ValueError.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from fondaco.domain.confidential.sealed import Sealed, SealedCall, SealedFormat
from fondaco.domain.errors import (
    ContextTooLongError,
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineTimeoutError,
    EngineUnavailableError,
    FieldNotTakenError,
    FondacoError,
    InvalidFileSizeError,
    InvalidModelError,
    InvalidRequestError,
    ModelNotFoundError,
    ModelNotInstalledError,
    NotFoundError,
    SealedRequestError,
    UnauthorizedError,
)
from fondaco.domain.untrusted_numbers import whole

MEASURE: Final = "/measure"
ANSWER: Final = "/answer"
FORGET: Final = "/forget"
IDENTITY: Final = "/identity"
ATTESTATION: Final = "/attestation"
RECEIPT: Final = "/receipt"
ROTATE: Final = "/rotate"
PROBE: Final = "/probe"
ALIVE: Final = "/healthz"
"""Needs no token, and reports only that the process runs."""

_LINE_LIMIT: Final = 64 * 2**10
_PIECE_LIMIT: Final = 64 * 2**20
_COMPLETION_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
_LONGEST: Final = 2_000
"""Characters of a name, a path or a message."""
_MOST_HEADERS: Final = 32
_LATEST: Final = 2**53
_ERRORS: Final[Mapping[str, type[FondacoError]]] = {
    one.__name__: one
    for one in (
        *(ContextTooLongError, EngineBusyError, EngineError, EngineRefusedError),
        *(EngineTimeoutError, EngineUnavailableError, FieldNotTakenError),
        *(InvalidFileSizeError, InvalidModelError, InvalidRequestError, ModelNotFoundError),
        *(ModelNotInstalledError, NotFoundError, SealedRequestError, UnauthorizedError),
    )
}
"""Errors that pass as they are; of others the nearest class above them does, else `EngineError`."""


def call_bytes(model: str, call: SealedCall) -> bytes:
    """Return a call for the model of an id, as it is sent to be measured."""
    head = {
        "model": model,
        "format": call.format.value,
        "headers": dict(call.headers),
        "completion_id": call.completion_id,
        "created": call.created,
        "endpoint": call.endpoint,
        "owner": call.owner,
    }
    return orjson.dumps(head) + b"\n" + call.body


def call_of(octets: bytes) -> tuple[str, SealedCall]:
    """Return the model's id and the call that were sent.

    Raises:
        ValueError: something else was.
    """
    line, separator, body = octets.partition(b"\n")
    if not separator or len(line) > _LINE_LIMIT:
        raise ValueError("A request must start with a line of JSON.")
    head = _object(line)
    headers = head.get("headers")
    if not isinstance(headers, dict) or len(headers) > _MOST_HEADERS:
        raise ValueError("The request's headers must be an object with few members.")
    completion_id = _text(head, "completion_id")
    if not _COMPLETION_ID.fullmatch(completion_id):
        raise ValueError("The completion's id contains invalid characters.")
    created = whole(head.get("created"), _LATEST)
    if created is None:
        raise ValueError("`created` is not a timestamp.")
    call = SealedCall(
        format=SealedFormat(_text(head, "format")),
        body=body,
        headers={name.lower(): _text(headers, name) for name in headers},
        completion_id=completion_id,
        created=created,
        endpoint=_text(head, "endpoint"),
        owner=_text(head, "owner"),
    )
    return _text(head, "model"), call


def piece_bytes(piece: Sealed) -> bytes:
    """Return a piece of a response, as it is sent."""
    head = {
        "bytes": len(piece.wire),
        "tokens": piece.tokens,
        "reasoning_tokens": piece.reasoning_tokens,
        "input_tokens": piece.input_tokens,
        "last": piece.last,
    }
    return b"%b\n%b" % (orjson.dumps(head), piece.wire)


def failure_bytes(error: FondacoError) -> bytes:
    """Return the error that ends a response which has started, as it is sent."""
    return error_bytes(error) + b"\n"


class PieceReader:
    """Reads the pieces of one response as their bytes arrive."""

    def __init__(self) -> None:
        self._unread = bytearray()
        self._head: dict[str, Any] | None = None

    def feed(self, octets: bytes) -> Iterator[Sealed]:
        """Yield the pieces that are complete now.

        Raises:
            ValueError: the bytes are no pieces.
            FondacoError: the enclave ended the response with it.
        """
        self._unread += octets
        while True:
            if self._head is None and not self._read_head():
                return
            head = self._head
            assert head is not None  # noqa: S101 - it was just read
            size = whole(head.get("bytes"), _PIECE_LIMIT)
            if size is None:
                raise ValueError("A piece has no size.")
            if len(self._unread) < size:
                return
            wire = bytes(self._unread[:size])
            del self._unread[:size]
            self._head = None
            yield _piece(head, wire)

    def _read_head(self) -> bool:
        """Read the line before a piece, and return whether it is here."""
        end = self._unread.find(b"\n", 0, _LINE_LIMIT)
        if end < 0:
            if len(self._unread) >= _LINE_LIMIT:
                raise ValueError("The line before a piece has no end.")
            return False
        head = _object(bytes(self._unread[:end]))
        del self._unread[: end + 1]
        if "error" in head:
            raise _error(head["error"])
        self._head = head
        return True


def error_bytes(error: FondacoError) -> bytes:
    """Return an error as JSON."""
    kind = next((one for one in type(error).__mro__ if one.__name__ in _ERRORS), EngineError)
    told: dict[str, object] = {
        "class": kind.__name__,
        "message": str(error)[:_LONGEST],
        "retry_after_s": error.retry_after_s,
    }
    if isinstance(error, InvalidRequestError):
        told["faults"] = error.faults
    if isinstance(error, SealedRequestError):
        told["reason"] = error.reason
    if isinstance(error, ModelNotInstalledError):
        told["downloading"] = error.is_downloading
    if isinstance(error, ContextTooLongError):
        told["tokens"] = [error.input_tokens, error.output_tokens, error.context_tokens]
    return orjson.dumps({"error": told})


def error_of(octets: bytes) -> FondacoError:
    """Return the error in a JSON object.

    Raises:
        ValueError: it contains no error.
    """
    return _error(_object(octets).get("error"))


def _error(told: object) -> FondacoError:
    if not isinstance(told, dict):
        raise ValueError("The error is not an object.")  # noqa: TRY004 - as all of these
    kind = _ERRORS.get(str(told.get("class")), EngineError)
    if kind is ContextTooLongError:
        return _too_long(told.get("tokens"))
    # Bypasses constructors that compose the message themselves: this message is already composed.
    error = kind.__new__(kind)
    message = told.get("message")
    FondacoError.__init__(
        error,
        message[:_LONGEST] if isinstance(message, str) else None,
        retry_after_s=whole(told.get("retry_after_s")),
    )
    if isinstance(error, InvalidRequestError):
        error.faults = _faults(told.get("faults"))
    if isinstance(error, SealedRequestError):
        error.reason = _text(told, "reason")
    if isinstance(error, ModelNotInstalledError):
        error.is_downloading = told.get("downloading") is True
    return error


def _too_long(told: object) -> ContextTooLongError:
    if not isinstance(told, list) or len(told) != 3:  # noqa: PLR2004 - prompt, output, context
        raise ValueError("The tokens of a context must be three numbers.")
    prompt, output, context = map(whole, told)
    return ContextTooLongError(prompt, output or 0, context)


def _faults(told: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(told, dict):
        return {}
    return {
        str(path)[:_LONGEST]: tuple(str(one)[:_LONGEST] for one in sentences)
        for path, sentences in told.items()
        if isinstance(sentences, list) and sentences
    }


def _piece(head: Mapping[str, Any], wire: bytes) -> Sealed:
    tokens, reasoning = whole(head.get("tokens")), whole(head.get("reasoning_tokens"))
    last = head.get("last")
    if tokens is None or reasoning is None or not isinstance(last, bool):
        raise ValueError("A piece has no token count.")
    return Sealed(wire, tokens, reasoning, whole(head.get("input_tokens")), last)


def _object(octets: bytes) -> dict[str, Any]:
    value = orjson.loads(octets)
    if not isinstance(value, dict):
        raise ValueError("It is not a JSON object.")  # noqa: TRY004 - the sender's fault, as all of these
    return value


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError(f"{name[:100]!r} is not a short string.")
    return value
