"""Unknown fields: paths of what a request has at any depth, and its schema does not know.

A path has no positions: `messages.tool_calls.note` stands for all calls of all messages. Free objects, such
as `metadata` or a JSON Schema, have no unknown fields.
"""

from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from fondaco.http.schemas.fields import Untouched
from fondaco.http.schemas.messages import ChatMessage

_NESTED = frozenset(
    {"stream_options", "response_format", "tools", "tool_choice", "reasoning", "prediction"}
)
"""Fields of a chat request, beside its messages, that may have unknown fields within them."""


def unknown(request: BaseModel, messages: Iterable[ChatMessage]) -> tuple[str, ...]:
    """Return the paths of a chat request's unknown fields.

    Within messages, null and what is empty are no fields: clients send back whole answers, `audio: null`
    and all.
    """
    if not request.model_extra and _NESTED.isdisjoint(request.model_fields_set):
        # As nearly all requests.
        for message in messages:
            if message.model_extra or message.content.__class__ is list:
                break
            if message.role == "assistant" and message.tool_calls:
                break
        else:
            return ()
    return tuple(sorted(set(_paths(request, ""))))


def _paths(part: BaseModel, prefix: str) -> Iterator[str]:
    for name, value in (part.model_extra or {}).items():
        if not prefix.startswith("messages.") or value not in (None, [], {}, ""):
            yield prefix + name
    for name in part.model_fields_set & part.__class__.model_fields.keys():
        value = getattr(part, name)
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, BaseModel) and not isinstance(one, Untouched):
                yield from _paths(one, f"{prefix}{name}.")
