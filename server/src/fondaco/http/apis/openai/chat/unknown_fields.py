"""Unknown fields: the paths of fields, at any depth of a request, that its schema lacks.

A path has no indexes: `messages.tool_calls.note` stands for all calls of all messages. Free objects, such
as `metadata` or a JSON Schema, have no unknown fields.
"""

from collections.abc import Iterable

from pydantic import BaseModel

from fondaco.http.apis.openai.chat.messages import ChatMessage
from fondaco.http.apis.openai.chat.options import NAMED, SchemaFormat
from fondaco.http.endpoint.fields import Untouched

_RESENT = ("messages.", "input.")
"""The beginnings of paths in earlier responses, which clients send back whole."""
_DEEP = frozenset({"response_format", "tools", "tool_choice", "reasoning", "prediction"})
"""Fields beside the messages that may hold unknown fields."""


def unknown(
    request: BaseModel, messages: Iterable[ChatMessage], options: BaseModel | None
) -> tuple[str, ...]:
    """Return the paths of a chat request's unknown fields.

    Null and empty fields of messages are left out: clients send whole responses back, `audio: null`
    included.

    Args:
        request: the body.
        messages: its messages.
        options: its `stream_options`.
    """
    if _is_plain(request, messages, options):
        return ()
    return paths(request)


def paths(request: BaseModel) -> tuple[str, ...]:
    """Return the paths of the unknown fields of any request, however deep they lie."""
    found: set[str] = set()
    _add_paths(request, "", found)
    return tuple(sorted(found)) if found else ()


def _is_plain(
    request: BaseModel, messages: Iterable[ChatMessage], options: BaseModel | None
) -> bool:
    """Whether a request can have no unknown fields, like nearly all: this runs for every call."""
    if request.__pydantic_extra__ or (options is not None and options.__pydantic_extra__):
        return False
    if not _DEEP.isdisjoint(request.__pydantic_fields_set__):
        return False
    for message in messages:
        if message.__pydantic_extra__ or message.content.__class__ is list:
            return False
        if message.role == "assistant" and message.tool_calls:
            return False
    return True


def _add_paths(part: BaseModel, prefix: str, found: set[str]) -> None:
    for name, value in (part.__pydantic_extra__ or {}).items():
        if not prefix.startswith(_RESENT) or value not in (None, [], {}, ""):
            found.add(prefix + name)
    if isinstance(part, SchemaFormat) and part.nested:
        found.update(f"{prefix}json_schema.{name}" for name in part.json_schema.keys() - NAMED)
    for name, value in part.__dict__.items():
        # Skips the field lookup, which takes half of the time.
        if value is None or value.__class__ is str:
            continue  # most values
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, BaseModel) and not isinstance(one, Untouched):
                _add_paths(one, f"{prefix}{name}.", found)
