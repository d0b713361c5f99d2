"""Shape checks: documents and values of an engine's JSON that must be objects or lists."""

from typing import Any

from fondaco.engines.common.lenient_json import loads


class MalformedReplyError(ValueError):
    """A response whose shape is not that of a chat completion.

    Only checks of untrusted values raise it. Any other exception while a response is read is a bug of
    ours, and must not be reported as the engine's.
    """


def object_of(payload: bytes) -> dict[str, Any]:
    """Return the object of a JSON text; an empty one for no text or null.

    Raises:
        MalformedReplyError: it is something else, or no JSON.
    """
    try:
        value = loads(payload) if payload else None
    except ValueError as error:
        raise MalformedReplyError from error
    if value.__class__ is dict:
        return value  # the common case
    if isinstance(value, list) and len(value) == 1:
        (value,) = value  # as Gemini wraps its errors
    return {} if value is None else object_at(value)


def object_at(value: object) -> dict[str, Any]:
    """Return a value that must be an object.

    Raises:
        MalformedReplyError: it is something else.
    """
    if isinstance(value, dict):
        return value
    raise MalformedReplyError


def list_at(value: object) -> list[Any]:
    """Return a value that must be a list.

    Raises:
        MalformedReplyError: it is something else.
    """
    if isinstance(value, list):
        return value
    raise MalformedReplyError
