"""Refusals of a server, as errors of commands: what it says, and what to do next."""

import re
from collections.abc import Mapping
from http import HTTPStatus

import orjson

from fondaco.cli.exits import Exit, FailedError

_LONGEST = 2_000
_NOT_INSTALLED = "MODEL_NOT_INSTALLED"
_LISTED = re.compile(r"GET /api/v1/models(?:\?type=\w+)? lists all\.")
_EXITS: Mapping[int, Exit] = {
    HTTPStatus.UNAUTHORIZED: Exit.KEY,
    HTTPStatus.PAYMENT_REQUIRED: Exit.FUNDS,
    HTTPStatus.FORBIDDEN: Exit.KEY,
    HTTPStatus.NOT_FOUND: Exit.UNKNOWN,
    HTTPStatus.GONE: Exit.UNKNOWN,
    HTTPStatus.TOO_MANY_REQUESTS: Exit.LIMITED,
    HTTPStatus.BAD_GATEWAY: Exit.UNREACHABLE,
    HTTPStatus.SERVICE_UNAVAILABLE: Exit.UNREACHABLE,
    HTTPStatus.GATEWAY_TIMEOUT: Exit.UNREACHABLE,
}


class RefusalError(FailedError):
    """A server refuses a request."""

    def __init__(self, message: str, exit_code: Exit, status: int) -> None:
        super().__init__(message, exit_code)
        self.status = status


class DownloadingError(RefusalError):
    """A server refuses a request because it is still downloading the model."""


def refusal(status: int, headers: Mapping[str, str], body: bytes, place: str) -> RefusalError:
    """Return the error of a response that is no success."""
    said = message_in(body) or f"{place} answered with status {status}{_phrase(status)}"
    message = f"{sentence(said)}{_advice(status, headers, said)}"
    kind = DownloadingError if _is_downloading(headers, body) else RefusalError
    return kind(message, _EXITS.get(status, Exit.FAILED), status)


def sentence(said: str) -> str:
    """Return what a server says with a mark at its end.

    >>> sentence("No."), sentence("No"), sentence("No. Did you mean this?")
    ('No.', 'No.', 'No. Did you mean this?')
    """
    bare = said.rstrip()
    return bare if bare.endswith((".", "?", "!")) else f"{bare}."


def message_in(body: bytes) -> str:
    """Return the message of an error in Venice's shape or OpenAI's; empty where there is none."""
    try:
        return error_message(orjson.loads(body))
    except orjson.JSONDecodeError:
        return ""


def error_message(value: object) -> str:
    """Return the message of an error, parsed; empty where there is none.

    >>> error_message({"error": {"message": "No."}}), error_message({"error": "No."}), error_message([])
    ('No.', 'No.', '')
    """
    error = value.get("error") if isinstance(value, dict) else None
    said = error.get("message") if isinstance(error, dict) else error
    if not isinstance(said, str):
        return ""
    return _LISTED.sub("List them with: fondaco models list", said[:_LONGEST])


def _is_downloading(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a refusal is that of a model whose files are under way: it then says when to try again."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    error = told.get("error") if isinstance(told, dict) else None
    codes = [one.get("code") for one in (told, error) if isinstance(one, dict)]
    return "retry-after" in headers and any(
        isinstance(code, str) and code.upper() == _NOT_INSTALLED for code in codes
    )


def _phrase(status: int) -> str:
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""


def _advice(status: int, headers: Mapping[str, str], said: str) -> str:
    match status:
        case _ if status < HTTPStatus.BAD_REQUEST and "location" in headers:
            return f" Redirects are not followed. Use the URL that this one leads to: {headers['location'][:_LONGEST]}"
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN if "key" not in said.lower():
            return " Give a key with --key, or in the variable that goes with that of the URL."
        case HTTPStatus.PAYMENT_REQUIRED:
            return " The operator can add funds with: fondaco balance grant"
        case HTTPStatus.TOO_MANY_REQUESTS if (wait := headers.get("retry-after", "")).isdigit():
            return f" Try again in {wait} s."
    return ""
