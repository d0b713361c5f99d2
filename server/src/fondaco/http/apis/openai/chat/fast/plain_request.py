"""Plain chat requests: text in and text out, with no more than a few numbers beside the conversation.

They are read in a fifth of the time that the schema takes (`request.ChatRequest`), to the same request. A body
that is not plain, or not valid, is left to the schema, which names every fault.
"""

from typing import Final

import orjson

from fondaco.domain.chat.message import Message, Role
from fondaco.domain.chat.request import ChatRequest, Sampling
from fondaco.http.endpoint.strict_json import is_unique

_NO_SAMPLING = Sampling()
_ROLES: Final = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
}
_SAMPLING = frozenset({"temperature", "top_p"})
_KNOWN = _SAMPLING | {"model", "messages", "max_completion_tokens", "max_tokens", "stream", "user"}
_LONGEST_NAME = 1000
_MOST_TOKENS = 2**31 - 1
_MESSAGE_KEYS = 2


class _NotPlainError(Exception):
    """The schema has to read the body."""


def plain_request(text: bytes, cache_scope: str) -> tuple[ChatRequest, int | None] | None:
    """Return the request in a body, and the limit that it asks for; None where the schema has to read it."""
    try:
        body = orjson.loads(text)
        return _request(text, body, cache_scope) if body.__class__ is dict else None
    except (ValueError, _NotPlainError):
        return None


def _request(
    text: bytes, body: dict[str, object], cache_scope: str
) -> tuple[ChatRequest, int | None]:
    if not body.keys() <= _KNOWN:
        raise _NotPlainError
    model, user, stream = body.get("model"), body.get("user"), body.get("stream")
    if model.__class__ is not str or not 0 < len(model) <= _LONGEST_NAME or ":" in model:
        raise _NotPlainError
    if (user is not None and user.__class__ is not str) or (
        stream is not None and stream is not False
    ):
        raise _NotPlainError
    messages = _messages(body.get("messages"))
    parts = _MESSAGE_KEYS * len(messages)
    if not is_unique(text, len(body) + parts, 1 + (user is not None) + parts):
        raise _NotPlainError
    sampling = _NO_SAMPLING if body.keys().isdisjoint(_SAMPLING) else _sampling(body)
    request = ChatRequest(model, messages, 0, sampling, cache_scope=cache_scope)
    return request, _requested_tokens(body)


def _messages(raw: object) -> tuple[Message, ...]:
    """Return messages that have a role and a text each."""
    if not isinstance(raw, list) or not raw:
        raise _NotPlainError
    messages: list[Message] = []
    for message in raw:
        if message.__class__ is not dict or len(message) != _MESSAGE_KEYS:
            raise _NotPlainError
        name, content = message.get("role"), message.get("content")
        role = _ROLES.get(name) if name.__class__ is str else None
        if role is None or content.__class__ is not str:
            raise _NotPlainError
        messages.append(Message(role, content))
    return tuple(messages)


def _sampling(body: dict[str, object]) -> Sampling:
    return Sampling(_number(body.get("temperature"), 2), _number(body.get("top_p"), 1))


def _number(value: object, most: int) -> float | None:
    """Return a number from 0 to `most`."""
    if value is None:
        return None
    if value.__class__ is bool or not isinstance(value, int | float) or not 0 <= value <= most:
        raise _NotPlainError
    return float(value)


def _requested_tokens(body: dict[str, object]) -> int | None:
    """Return the smaller limit of output tokens; None: there is none."""
    limit, older = body.get("max_completion_tokens"), body.get("max_tokens")
    if limit is None:
        return None if older is None else _tokens(older)
    return _tokens(limit) if older is None else min(_tokens(limit), _tokens(older))


def _tokens(value: object) -> int:
    if value.__class__ is bool or not isinstance(value, int) or not 1 <= value <= _MOST_TOKENS:
        raise _NotPlainError
    return value
